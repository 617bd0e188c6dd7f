/**
 * Commands for the members of shared images: `member-…`.
 *
 * @module
 */
import { MEMBER_STATUSES, type MemberStatus } from "../../api/types.ts";
import { ask, findImageId, imageOf } from "./shared/find_image.ts";
import { type Command, command, type Positional } from "../args/command.ts";
import { type Column, printList, printRecord, printRow } from "../output/records.ts";

const IMAGE: Positional = { name: "<IMAGE>", summary: "Id or name of the image" };

const MEMBER: Positional = { name: "<MEMBER_ID>", summary: "Id of the project" };

const COLUMNS: readonly Column[] = [
  ["Image ID", (member) => member["image_id"]],
  ["Member ID", (member) => member["member_id"]],
  ["Status", (member) => member["status"]],
];

const MEMBER_LIST = command({
  name: "member-list",
  summary: "List the projects that an image is shared with",
  flags: {
    "image-id": {
      kind: "text",
      value: "<IMAGE>",
      required: true,
      summary: "Id or name of the image",
    },
  },
  async run(invocation) {
    const connection = await invocation.connect();
    const id = await findImageId(
      connection,
      invocation.values["image-id"],
      invocation.system.signal,
    );
    const members = await ask(invocation, connection, "members.list", id);
    await printList(invocation, members.map((member) => ({ ...member })), COLUMNS);
  },
});

const MEMBER_GET = command({
  name: "member-get",
  summary: "Show a project that an image is shared with",
  positionals: [IMAGE, MEMBER],
  flags: {},
  async run(invocation) {
    const { id, connection } = await imageOf(invocation);
    const member = await ask(
      invocation,
      connection,
      "members.get",
      id,
      invocation.positionals[1] ?? "",
    );
    await printRecord(invocation, { ...member });
  },
});

const MEMBER_CREATE = command({
  name: "member-create",
  summary: "Share an image with a project",
  positionals: [IMAGE, MEMBER],
  flags: {},
  async run(invocation) {
    const { id, connection } = await imageOf(invocation);
    const member = await ask(
      invocation,
      connection,
      "members.create",
      id,
      invocation.positionals[1] ?? "",
    );
    await printRow(invocation, { ...member }, COLUMNS);
  },
});

const MEMBER_UPDATE = command({
  name: "member-update",
  summary: "Accept or reject a shared image, as the project that it is shared with",
  positionals: [IMAGE, MEMBER, {
    name: "<MEMBER_STATUS>",
    summary: "New status: pending, accepted or rejected",
    choices: MEMBER_STATUSES,
  }],
  flags: {},
  async run(invocation) {
    const { id, connection } = await imageOf(invocation);
    const [, memberId = "", status] = invocation.positionals;
    // The parser has checked `choices`.
    const args = [id, memberId, status as MemberStatus] as const;
    const member = await ask(invocation, connection, "members.update", ...args);
    await printRow(invocation, { ...member }, COLUMNS);
  },
});

const MEMBER_DELETE = command({
  name: "member-delete",
  summary: "Stop sharing an image with a project",
  positionals: [IMAGE, MEMBER],
  flags: {},
  async run(invocation) {
    const { id, connection } = await imageOf(invocation);
    await ask(invocation, connection, "members.delete", id, invocation.positionals[1] ?? "");
  },
});

/** The commands of this file. */
export const MEMBER_COMMANDS: readonly Command[] = [
  MEMBER_LIST,
  MEMBER_GET,
  MEMBER_CREATE,
  MEMBER_UPDATE,
  MEMBER_DELETE,
];
