/**
 * Commands about sharing (`member-…`) and about the cloud's stores.
 *
 * @module
 */
import { NotFound } from "../errors.ts";
import { MEMBER_STATUSES, type MemberStatus } from "../images/types.ts";
import { CommandFailed, UsageError } from "./failure.ts";
import { ask, findImageId, imageOf } from "./find_image.ts";
import { type Command, command, type Positional } from "./flags.ts";
import { type Column, printList, printRecord, printRow } from "./output.ts";

const IMAGE: Positional = { name: "<IMAGE>", summary: "Id or name of the image" };

const MEMBER: Positional = { name: "<MEMBER_ID>", summary: "Project" };

const COLUMNS: readonly Column[] = [
  ["Image ID", (member) => member["image_id"]],
  ["Member ID", (member) => member["member_id"]],
  ["Status", (member) => member["status"]],
];

const MEMBER_LIST = command({
  name: "member-list",
  summary: "List the projects with which an image is shared",
  flags: {
    "image-id": { kind: "text", value: "<IMAGE>", summary: "Id or name of the image; required" },
  },
  async run(call) {
    const { "image-id": image } = call.values;
    if (image === undefined) {
      throw new UsageError('Cannot run "member-list": --image-id is missing; add it');
    }
    const connection = await call.connect();
    const id = await findImageId(connection, image, call.world.signal);
    const members = await ask(call, connection, "members.list", id);
    await printList(call, members.map((member) => ({ ...member })), COLUMNS);
  },
});

const MEMBER_CREATE = command({
  name: "member-create",
  summary: "Share an image with a project",
  positionals: [IMAGE, MEMBER],
  flags: {},
  async run(call) {
    const { id, connection } = await imageOf(call);
    const member = await ask(call, connection, "members.create", id, call.positionals[1] ?? "");
    await printRow(call, { ...member }, COLUMNS);
  },
});

const MEMBER_UPDATE = command({
  name: "member-update",
  summary: "Answer the offer of a shared image, as the project that it was shared with",
  positionals: [IMAGE, MEMBER, {
    name: "<MEMBER_STATUS>",
    summary: "pending, accepted or rejected",
    choices: MEMBER_STATUSES,
  }],
  flags: {},
  async run(call) {
    const { id, connection } = await imageOf(call);
    const [, memberId = "", status] = call.positionals;
    // `choices` of the argument holds nothing else.
    const args = [id, memberId, status as MemberStatus] as const;
    const member = await ask(call, connection, "members.update", ...args);
    await printRow(call, { ...member }, COLUMNS);
  },
});

const MEMBER_DELETE = command({
  name: "member-delete",
  summary: "Share an image with a project no longer",
  positionals: [IMAGE, MEMBER],
  flags: {},
  async run(call) {
    const { id, connection } = await imageOf(call);
    await ask(call, connection, "members.delete", id, call.positionals[1] ?? "");
  },
});

const STORES_INFO = command({
  name: "stores-info",
  summary: "Show the stores of the cloud",
  flags: { "detail": { kind: "switch", summary: "With their details; administrators only" } },
  async run(call) {
    const connection = await call.connect();
    const method = call.values["detail"] ? "info.storesDetail" : "info.stores";
    const stores = await ask(call, connection, method).catch((error) => {
      if (!(error instanceof NotFound)) throw error;
      throw new CommandFailed(
        "Cannot show the stores: this cloud has one only, and does not tell its name",
        error,
      );
    });
    await printRecord(call, { stores });
  },
});

/** The rows of this file. */
export const MEMBER_COMMANDS: readonly Command[] = [
  MEMBER_LIST,
  MEMBER_CREATE,
  MEMBER_UPDATE,
  MEMBER_DELETE,
  STORES_INFO,
];
