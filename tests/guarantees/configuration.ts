/** Configuration, and the text of messages. */
import type { Guarantee } from "./guarantee.ts";

export const CONFIGURATION: readonly Guarantee[] = [
  [
    "Scalars of clouds.yaml are read as PyYAML reads them, or rejected.",
    "live/yaml_test.ts: readCloud() reads plain scalars as PyYAML does, or rejects them",
    "auth/clouds/yaml_test.ts: readCloud() reads a password as written, or throws a hint to quote it",
  ],
  [
    "Every printed command works with the real clients in any environment.",
    "live/printed_commands_test.ts: start prints commands for an embedded Glance that work whatever cloud is configured",
    "live/printed_commands_test.ts: start prints commands for a cloud that reach the gateway, with the client's token",
  ],
  [
    "Every setting that is not honored is reported.",
    "auth/clouds/ignored_settings_test.ts: readCloud() reports that … is ignored",
    "auth/clouds/ignored_settings_test.ts: connect() and createCloudGateway() report each ignored setting",
    "cli/commands/shared/cloud_connection_test.ts: runGlance() prints an ignored setting once on standard error when --debug is not set",
  ],
  [
    "Messages of the command line name flags and variables.",
    "cli/args/wording_test.ts: inTerminalWords() replaces every name of an option or call in a message",
  ],
  [
    "The edge function of lib/README.md signs in again, answers any path, and serves public images only.",
    "readme_test.ts: every TypeScript block of … runs",
  ],
  [
    "The hint about a protected image fits, and following it helps.",
    "cli/args/wording_test.ts: runGlance() prints a hint about … that works when it is followed",
  ],
  [
    "The error of a deactivated image says so.",
    "cli/args/wording_test.ts: image-download names the cause and who can help when an image is deactivated",
  ],
  [
    "`member-update` by the owner names who can set the status.",
    "cli/args/wording_test.ts: member-update names who can set the status when the owner calls it",
  ],
  [
    "`glance image list` suggests `image-list`.",
    "cli/args/parse_test.ts: readCommandLine() throws UsageError with a cause and a hint",
  ],
  [
    "Images can be deleted while they are listed.",
    "images/list_test.ts: list() continues if each yielded image is deleted, for any page size",
    "images/list_test.ts: list() continues if others delete the marker, or all yielded images",
    "cli/commands/info_test.ts: task-list continues after an earlier task when its marker was deleted",
    "cli/metadefs_test.ts: md-namespace-list continues after an earlier namespace when its marker was deleted",
  ],
  [
    "The embedded Glance responds with 413 when its disk is full.",
    "embedded/full_disk_test.ts: directoryStorage() changes nothing when an upload fills the disk (tmpfs)",
  ],
  [
    "A row file that is invalid costs that image only, and is named in the log.",
    "embedded/invalid_rows_test.ts: directoryStorage() reports a row file that … and omits only that image",
    "cli/start_test.ts: runStart() serves the other images with --data and logs the file that is invalid",
  ],
];
