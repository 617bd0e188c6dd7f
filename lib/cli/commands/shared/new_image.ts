/**
 * The flags that describe a new image, and what must be said of one. Pure.
 *
 * @module
 */
import type { ImageMeta } from "../../../api/types.ts";
import { CommandFailed, UsageError } from "../../system/errors.ts";
import type { Flags, Values } from "../../args/command.ts";
import { IMAGE_FLAGS, metaFrom } from "./image_fields.ts";
import type { System } from "../../system/system.ts";

/** Flags of `image-create` and `image-create-via-import`. */
export const NEW_IMAGE_FLAGS = {
  "id": { kind: "text", value: "<ID>", summary: "UUID of the image; a new one without it" },
  "tags": {
    kind: "list",
    value: "<TAG>",
    many: true,
    aliases: ["tag"],
    summary: "Tags; may be repeated",
  },
  ...IMAGE_FLAGS,
} as const satisfies Flags;

/** What the flags say of the image. */
export function newImageFrom(values: Values<typeof NEW_IMAGE_FLAGS>): ImageMeta {
  const { id, tags } = values;
  return {
    ...id !== undefined && { id },
    ...tags.length > 0 && { tags },
    ...metaFrom(values),
  };
}

type FormatValues = {
  readonly [flag in "disk-format" | "container-format"]: string | undefined;
};

/**
 * Glance would take the record and then refuse the data.
 *
 * @param action what is about to be done, for example `upload "disk.img"`
 * @throws {UsageError} naming the flags that are missing.
 */
export function checkFormats(values: FormatValues, action: string): void {
  const missing = missingFormats(values);
  if (missing.length === 0) return;
  throw new UsageError(
    `Cannot ${action}: its format is not known; add ${missing.join(" and ")}`,
  );
}

/**
 * A record without data is wanted, or what should have come did not come.
 *
 * @throws {CommandFailed} where everything was said for data that then did not come.
 * @throws {UsageError} where a store is named for data that there is not.
 */
export function checkWithoutBytes(
  values: FormatValues & { readonly store: string | undefined },
  { stdin, environment }: Pick<System, "stdin" | "environment">,
): void {
  if (stdin.kind === "data" && missingFormats(values).length === 0) {
    throw new CommandFailed(
      "Cannot read standard input: it ended without a byte; check the program before the pipe, or add < /dev/null to create the record alone",
    );
  }
  const { store } = values;
  if (store === undefined || store === environment["OS_IMAGE_STORE"]) return;
  throw new UsageError(
    "Cannot use --store: there is no data to store; name a file with --file, or redirect one (< FILE)",
  );
}

function missingFormats(values: FormatValues): string[] {
  return (["disk-format", "container-format"] as const)
    .filter((flag) => values[flag] === undefined)
    .map((flag) => `--${flag}`);
}
