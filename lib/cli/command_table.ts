/**
 * The table of all commands and flags. The parser, the help texts and shell completion are generated from
 * it.
 */
import { text, toggle } from "./args/flags.ts";
import { CACHE_COMMANDS } from "./commands/cache.ts";
import { CLOUD_FLAGS } from "./commands/shared/cloud_flags.ts";
import { completionCommands } from "./args/completion.ts";
import { IMAGE_CREATE_VIA_IMPORT } from "./commands/create_via_import.ts";
import type { Command, Flags } from "./args/command.ts";
import { IMAGE_COPY } from "./commands/image_copy.ts";
import { IMAGE_DOWNLOAD } from "./commands/image_download.ts";
import { IMAGE_IMPORT } from "./commands/image_import.ts";
import { IMAGE_AUDIT } from "./commands/inspection/image_audit.ts";
import { IMAGE_INSPECT } from "./commands/inspection/image_inspect.ts";
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

export const GLOBAL_FLAGS = {
  "help": toggle("Show help for the command, or for glance", { short: "h" }),
  "version": toggle("Show the version"),
  "json": toggle("Print the JSON that Glance returned"),
  "verbose": toggle("Show more columns", { short: "v" }),
  "debug": toggle("Print retries, resumes and the causes of errors", {
    short: "d",
    environment: "GLANCECLIENT_DEBUG",
  }),
  ...CLOUD_FLAGS,
  "os-image-api-version": text("<VERSION>", "No effect: only version 2 is supported", {
    choices: ["2"],
  }),
  "force": toggle("No effect: no command asks for confirmation", { short: "f" }),
  "profile": text("<HMAC_KEY>", "No effect: requests are not profiled"),
  "collect-timing": toggle("No effect: requests are not timed"),
  "get-schema": toggle("No effect: schemas are not cached"),
} as const satisfies Flags;

/** All commands, in alphabetical order. */
export const COMMANDS: readonly Command[] = [
  IMAGE_LIST,
  ...UPLOAD_COMMANDS,
  IMAGE_STAGE,
  IMAGE_IMPORT,
  IMAGE_CREATE_VIA_IMPORT,
  IMAGE_DOWNLOAD,
  IMAGE_COPY,
  IMAGE_AUDIT,
  IMAGE_INSPECT,
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
