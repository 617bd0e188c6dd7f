/** Commands for the members of shared images: `member-…`. */
import { MEMBER_STATUSES, type MemberStatus } from "../../api/types.ts";
import { findImageId, IMAGE } from "./shared/find_image.ts";
import { command, type Positional } from "../args/command.ts";
import { required } from "../args/flags.ts";
import { NO_TABLE } from "./shared/image_columns.ts";
import { type Column, headingsOf, printList, printRecord, printRow } from "../output/records.ts";

const MEMBER: Positional = { name: "<MEMBER_ID>", summary: "Id of the project" };

const COLUMNS: readonly Column[] = [
  ["Image ID", "image_id"],
  ["Member ID", "member_id"],
  ["Status", "status"],
];

export const COMMANDS = {
  "member-list": command({
    flags: {
      "image-id": { ...required("<IMAGE>", "Id or name of the image"), completes: "images" },
    },
    async run(invocation) {
      const id = await findImageId(invocation, invocation.values["image-id"]);
      await printList(invocation, await invocation.call("members.list", id), COLUMNS);
    },
  }),
  "member-get": command({
    positionals: [IMAGE, MEMBER],
    async run(invocation, image, memberId) {
      const id = await findImageId(invocation, image);
      await printRecord(invocation, await invocation.call("members.get", id, memberId));
    },
  }),
  "member-create": command({
    positionals: [IMAGE, MEMBER],
    output: { columns: headingsOf(COLUMNS) },
    async run(invocation, image, memberId) {
      const id = await findImageId(invocation, image);
      await printRow(invocation, await invocation.call("members.create", id, memberId), COLUMNS);
    },
  }),
  "member-update": command({
    positionals: [IMAGE, MEMBER, {
      name: "<MEMBER_STATUS>",
      summary: "New status: pending, accepted or rejected",
      choices: MEMBER_STATUSES,
    }],
    output: { columns: headingsOf(COLUMNS) },
    async run(invocation, image, memberId, text) {
      const id = await findImageId(invocation, image);
      // The parser has checked `choices`.
      const status = text as MemberStatus;
      const member = await invocation.call("members.update", id, memberId, status);
      await printRow(invocation, member, COLUMNS);
    },
  }),
  "member-delete": command({
    positionals: [IMAGE, MEMBER],
    output: NO_TABLE,
    async run(invocation, image, memberId) {
      await invocation.call("members.delete", await findImageId(invocation, image), memberId);
    },
  }),
};
