/** `image-inspect`: shows the format of an image from its bytes, and whether it is safe. */
import { text } from "../../args/flags.ts";
import { command, type Flags, type Invocation } from "../../args/command.ts";
import { formatBytes } from "../../output/units.ts";
import { type OutputCall, printJson, printProperties } from "../../output/records.ts";
import { CommandFailed } from "../../system/errors.ts";
import { isDocument } from "../../../formats/compression/archive.ts";
import type { Verdict } from "../../../formats/verdict.ts";
import { type DeclaredFormats, faultOf, verdictsFor } from "./image_faults.ts";
import { inspectSubject, type Subject } from "./subject.ts";

const FLAGS = {
  "disk-format": text(
    "<DISK_FORMAT>",
    "Disk format to compare with (default: that of the image in Glance)",
  ),
  "container-format": text(
    "<CONTAINER_FORMAT>",
    "Container format of the image (default: that of the image in Glance)",
  ),
} as const satisfies Flags;

export const COMMANDS = {
  "image-inspect": command({
    details:
      "SOURCE is a file, - for standard input, an http or https URL, or the id or name of an image in Glance. A name that is a file is that file; use the id of the image to inspect it instead, or ./NAME for a file that is called like an id. Of a URL and of an image, at most 256 KiB are read. The exit code is 1 if the image is unsafe or not of the declared disk format.",
    positionals: [{
      name: "<SOURCE>",
      summary: "A file, -, a URL, or the id or name of an image",
      completes: "images",
    }],
    flags: FLAGS,
    async run(invocation, source) {
      const subject = await inspectSubject(invocation, source);
      const claim = claimOf(invocation, subject);
      await print(invocation, subject, claim);
      const fault = faultOf(subject.inspection, claim);
      if (fault === null) return;
      throw new CommandFailed(`Cannot accept "${subject.name}": ${fault.text}; ${fault.hint}`);
    },
  }),
};

function claimOf({ values }: Invocation<typeof FLAGS>, { record }: Subject): DeclaredFormats {
  return {
    ...record,
    disk_format: values["disk-format"] ?? record?.disk_format,
    container_format: values["container-format"] ?? record?.container_format,
  };
}

async function print(
  invocation: OutputCall,
  subject: Subject,
  claim: DeclaredFormats,
): Promise<void> {
  if (invocation.json) return await printJson(invocation, documentOf(subject, claim));
  await printProperties(invocation, rowsOf(subject, claim));
}

/** The result for programs. A size above 2^53 is a string: JSON numbers would lose digits. */
function documentOf(
  { kind, name, size, inspection, compression, archive, record }: Subject,
  claim: DeclaredFormats,
): object {
  const { format, formats, virtualSize, isSafe, failures, unchecked, bytesRead } = inspection;
  return {
    source: { kind, name, ...record !== null && { image_name: record.name ?? null } },
    size,
    format,
    formats,
    compression,
    archive,
    virtual_size: typeof virtualSize === "bigint" ? String(virtualSize) : virtualSize,
    is_safe: isSafe,
    failures,
    unchecked,
    disk_format: claim.disk_format ?? null,
    container_format: claim.container_format ?? null,
    verdicts: Object.fromEntries(verdictsFor(inspection, claim)),
    fault: faultOf(inspection, claim)?.text ?? null,
    bytes_read: bytesRead,
  };
}

function archiveText(archive: string): string {
  return `${archive}; ${isDocument(archive) ? "not a disk image" : "Glance does not extract it"}`;
}

function rowsOf(
  { kind, name, size, inspection, compression, archive, record }: Subject,
  claim: DeclaredFormats,
): (readonly [name: string, value: string])[] {
  const { format, formats, virtualSize, isSafe, failures, unchecked } = inspection;
  const failed = failures.map(({ check, reason }) => `${check}: ${reason}`);
  const rows: readonly (readonly [string, string | null])[] = [
    ["Source", SOURCES[kind](name)],
    ["Name", record?.name ?? null],
    ["Format", formats.length > 1 ? `${format} (matches ${formats.join(", ")})` : format],
    ["Compressed", compression === null ? null : `${compression}; Glance does not decompress it`],
    ["Archive", archive === null ? null : archiveText(archive)],
    ["Size", sizeText(size)],
    ["Virtual size", sizeText(virtualSize)],
    ["Safe", isSafe ? "yes" : "no"],
    ["Failed checks", failed.length === 0 ? null : failed.join("\n")],
    ["Not checked", unchecked.length === 0 ? null : `${unchecked.join(", ")}: not read`],
    ["Disk format", claim.disk_format ?? "not declared"],
    ["Container", claim.container_format ?? "not declared"],
    ...verdictsFor(inspection, claim).map(([consumer, verdict]) =>
      [capitalized(consumer), verdictText(verdict)] as const
    ),
  ];
  return rows.flatMap(([name, value]) => value === null ? [] : [[name, value]]);
}

const SOURCES: Readonly<Record<Subject["kind"], (name: string) => string>> = {
  file: (name) => `file ${name}`,
  stdin: () => "standard input",
  url: (name) => name,
  image: (name) => `image ${name}`,
};

function sizeText(bytes: number | bigint | null): string {
  if (bytes === null) return "unknown";
  return bytes < 1000 ? `${bytes}` : `${bytes} (${formatBytes(Number(bytes))})`;
}

function verdictText(verdict: Verdict): string {
  if (!verdict.accepted) return `refuses it: ${verdict.reason}`;
  return verdict.warning === undefined ? "accepts it" : `accepts it, but ${verdict.warning}`;
}

function capitalized(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
