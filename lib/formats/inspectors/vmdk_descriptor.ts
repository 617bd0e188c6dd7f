/**
 * Checks the descriptor of a VMDK: lines of text that name the files with its data. Every line must have a known form,
 * because QEMU opens the files that it names. Rules: oslo.utils 10.1; `block/vmdk.c` of QEMU.
 */
import { failuresOf, type FormatChecks } from "../checks.ts";
import type { InspectionFailure } from "../types.ts";

/** Types whose data is in the same file. */
const ALLOWED_TYPES = ["monolithicsparse", "streamoptimized"];
const TYPE = "createtype";
const EXTENT_ACCESS = ["rw", "rdonly", "noaccess"];
const MAX_QUOTED = 60;

/** The text before the first NUL, in lower case: QEMU and oslo.utils read no further. */
export function descriptorText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const text = end < 0 ? bytes : bytes.subarray(0, end);
  return new TextDecoder("latin1").decode(text).toLowerCase();
}

/** Whether QEMU or oslo.utils takes text for a descriptor. */
export function isDescriptor(text: string): boolean {
  return text.includes(TYPE) || beginsWithVersion(text);
}

/** QEMU recognizes a descriptor by its version, after comments and blank lines. */
function beginsWithVersion(text: string): boolean {
  const line = text.split("\n").find((line) => line.trim() !== "" && !line.startsWith("#"));
  return line !== undefined && /^version=[123]\r?$/.test(line);
}

/**
 * All types in the descriptor, because readers differ in which of them they use. QEMU skips two arbitrary characters
 * after the name.
 */
function createTypes(text: string): string[] {
  return text.split(TYPE).slice(1).map((rest) => rest.slice(2, 64).split('"')[0] ?? "");
}

/** The checks that a descriptor does not pass. */
export function descriptorFailures(text: string): InspectionFailure[] {
  const checks: FormatChecks = {
    descriptor: () => typeFault(text) ?? lineFault(text),
    backing_file: () => text.includes("parentfilenamehint") ? "it has a backing file" : null,
  };
  return failuresOf(checks);
}

function typeFault(text: string): string | null {
  const types = createTypes(text);
  if (types.length === 0) return "its descriptor states no type";
  const other = types.find((type) => !ALLOWED_TYPES.includes(type));
  return other === undefined
    ? null
    : `its data can be in other files (type ${JSON.stringify(other)})`;
}

function lineFault(text: string): string | null {
  if (/[^\t-\r -~]/.test(text)) return "its descriptor is not text";
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => !isIgnored(line));
  const extents = lines.filter(isExtent);
  const unknown = lines.find((line) => !isField(line) && !isExtent(line));
  if (unknown !== undefined) {
    return `its descriptor has an unknown line ${JSON.stringify(unknown.slice(0, MAX_QUOTED))}`;
  }
  if (extents.some((extent) => extent.includes("/"))) return "an extent is in another folder";
  return extents.length === 0 ? "its descriptor has no extents" : null;
}

/** Comments, and the database of disk properties. */
function isIgnored(line: string): boolean {
  return line === "" || line.startsWith("#") || line.startsWith("ddb");
}

function isField(line: string): boolean {
  const [name = "", ...value] = line.split("=");
  return value.length > 0 && !name.includes(" ");
}

function isExtent(line: string): boolean {
  return !isField(line) && EXTENT_ACCESS.includes(line.split(" ")[0] ?? "");
}
