/** Flags for new images, and checks of them. Pure. */
import { list, text } from "../../args/flags.ts";
import type { ImageMeta } from "../../../api/types.ts";
import { CommandFailed, UsageError } from "../../system/errors.ts";
import type { Flags, Values } from "../../args/command.ts";
import { IMAGE_FLAGS, metaFrom } from "./image_fields.ts";
import type { System } from "../../system/system.ts";
import { definedMembers } from "../../../validate.ts";

/** Flags of `image-create` and `image-create-via-import`. */
export const NEW_IMAGE_FLAGS = {
  "id": text("<ID>", "UUID of the image (default: a random UUID)"),
  "tags": list("<TAG>", "Tags of the image; may be repeated", { many: true, aliases: ["tag"] }),
  ...IMAGE_FLAGS,
} as const satisfies Flags;

/** The fields, properties, and tags that the flags set. */
export function newImageFrom(values: Values<typeof NEW_IMAGE_FLAGS>): ImageMeta {
  const { id, tags } = values;
  const given = definedMembers<ImageMeta>({ id, tags: tags.length > 0 ? tags : undefined });
  return { ...given, ...metaFrom(values) };
}

/** The flags of the formats. */
export type FormatValues = {
  readonly [flag in "disk-format" | "container-format"]: string | undefined;
};

/**
 * Checks that the formats are given: Glance would create the record and then refuse the data.
 *
 * @param action for the error message, for example `upload "disk.img"`
 * @throws {UsageError} if a format is missing.
 */
export function checkFormats(values: FormatValues, action: string): void {
  const missing = missingFormats(values);
  if (missing.length === 0) return;
  throw new UsageError(`Cannot ${action}: its format is missing; add ${missing.join(" and ")}`);
}

/**
 * Checks a command that found no data: only the record is created.
 *
 * @throws {CommandFailed} if both formats are given and standard input was an empty pipe or file.
 * @throws {UsageError} if a store or a size is given.
 */
export function checkWithoutBytes(
  values: FormatValues & {
    readonly store: string | undefined;
    readonly size: number | undefined;
  },
  { stdin, environment }: Pick<System, "stdin" | "environment">,
): void {
  if (stdin.kind === "data" && missingFormats(values).length === 0) {
    throw new CommandFailed(
      "Cannot read standard input: it is empty; check the program before the pipe, or add < /dev/null to create only the record",
    );
  }
  const { store, size } = values;
  const hasStore = store !== undefined && store !== environment["OS_IMAGE_STORE"];
  if (!hasStore && size === undefined) return;
  throw new UsageError(
    `Cannot use --${
      hasStore ? "store" : "size"
    }: there is no data to store; name a file with --file, or redirect one (< FILE)`,
  );
}

function missingFormats(values: FormatValues): string[] {
  return (["disk-format", "container-format"] as const)
    .filter((flag) => values[flag] === undefined)
    .map((flag) => `--${flag}`);
}
