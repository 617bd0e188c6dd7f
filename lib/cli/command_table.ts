/**
 * The argument table: every command and every flag. Reading a command line, the help texts and
 * completion all come from here.
 *
 * @module
 */
import { CACHE_COMMANDS } from "./commands/cache.ts";
import { CLOUD_FLAGS } from "./commands/shared/cloud_flags.ts";
import { completionCommands } from "./args/completion.ts";
import { IMAGE_CREATE_VIA_IMPORT } from "./commands/create_via_import.ts";
import type { Command, Flags } from "./args/command.ts";
import { IMAGE_COPY } from "./commands/image_copy.ts";
import { IMAGE_DOWNLOAD } from "./commands/image_download.ts";
import { IMAGE_IMPORT } from "./commands/image_import.ts";
import { IMAGE_LIST } from "./commands/image_list.ts";
import { RECORD_COMMANDS } from "./commands/image_records.ts";
import { UPLOAD_COMMANDS } from "./commands/image_upload.ts";
import { INFO_COMMANDS } from "./commands/info.ts";
import { LOCATION_COMMANDS } from "./commands/locations.ts";
import { NAMESPACE_COMMANDS } from "./commands/metadefs/namespaces.ts";
import { OBJECT_COMMANDS } from "./commands/metadefs/objects.ts";
import { PROPERTY_COMMANDS } from "./commands/metadefs/properties.ts";
import { RESOURCE_TYPE_COMMANDS } from "./commands/metadefs/resource_types.ts";
import { TAG_COMMANDS } from "./commands/metadefs/tags.ts";
import { MEMBER_COMMANDS } from "./commands/members.ts";
import { IMAGE_STAGE } from "./commands/staging.ts";
import { TASK_COMMANDS } from "./commands/tasks.ts";

/** Flags of every command. */
export const GLOBAL_FLAGS = {
  "help": { kind: "switch", short: "h", summary: "Show help, of the command if there is one" },
  "version": { kind: "switch", summary: "Show the version" },
  "json": { kind: "switch", summary: "Print JSON, exactly as Glance has it" },
  "verbose": { kind: "switch", short: "v", summary: "Show more columns" },
  "debug": {
    kind: "switch",
    short: "d",
    environment: "GLANCECLIENT_DEBUG",
    summary: "Tell of retries, resumes and the causes of errors",
  },
  ...CLOUD_FLAGS,
  "os-image-api-version": {
    kind: "text",
    value: "<VERSION>",
    choices: ["2"],
    summary: "No effect: there is no other than 2",
  },
  "force": { kind: "switch", short: "f", summary: "No effect: nothing asks for confirmation" },
  "profile": { kind: "text", value: "<HMAC_KEY>", summary: "No effect: nothing is profiled" },
  "collect-timing": { kind: "switch", summary: "No effect: nothing is timed" },
  "get-schema": { kind: "switch", summary: "No effect: no schema is kept" },
} as const satisfies Flags;

/** All commands, in the order of the help text. */
export const COMMANDS: readonly Command[] = [
  IMAGE_LIST,
  ...UPLOAD_COMMANDS,
  IMAGE_STAGE,
  IMAGE_IMPORT,
  IMAGE_CREATE_VIA_IMPORT,
  IMAGE_DOWNLOAD,
  IMAGE_COPY,
  ...RECORD_COMMANDS,
  ...MEMBER_COMMANDS,
  ...LOCATION_COMMANDS,
  ...TASK_COMMANDS,
  ...INFO_COMMANDS,
  ...CACHE_COMMANDS,
  ...NAMESPACE_COMMANDS,
  ...RESOURCE_TYPE_COMMANDS,
  ...OBJECT_COMMANDS,
  ...PROPERTY_COMMANDS,
  ...TAG_COMMANDS,
  ...completionCommands(() => ({ commands: COMMANDS, globalFlags: GLOBAL_FLAGS })),
].sort((a, b) => a.name < b.name ? -1 : 1);
