/** Why a VMDK is refused. */
import { SECTOR } from "../images/layout.ts";
import { has, readerOf } from "./reader.ts";

const MOST_DESCRIPTOR_BYTES = 2 ** 20 - 1;
const AT_END = 2n ** 64n - 1n;
const ACCESS = ["rw", "rdonly", "noaccess"];

/** The offsets of fields that a footer must repeat. */
const REPEATED = { signature: [0, 4], version: [4, 8], descriptor: [28, 44] } as const;

/** Of a sparse VMDK, with its header. */
export function vmdkRefusals(image: Uint8Array): string[] {
  const { u32le, u64le } = readerOf(image);
  if (image.length < 64) return ["incomplete"];
  const version = u32le(4);
  if (version < 1 || version > 3) return ["version"];
  if (u64le(28) !== 1n) return ["place of the descriptor"];
  const length = Math.min(Number(u64le(36)) * SECTOR, MOST_DESCRIPTOR_BYTES);
  const descriptor = image.subarray(SECTOR, SECTOR + length);
  if (length === 0 || descriptor.length < length) return ["no descriptor"];
  const refusals = descriptorRefusals(beforeNul(descriptor));
  return u64le(56) === AT_END ? [...refusals, ...footerRefusals(image)] : refusals;
}

/** The descriptor of a VMDK that has nothing else; null if the image is something else. */
export function descriptorText(image: Uint8Array): string | null {
  const isText = image.length >= 64 && image.subarray(0, SECTOR).every(isPrintable);
  if (!isText || has(image, 0, "KDMV")) return null;
  const text = beforeNul(image.subarray(0, MOST_DESCRIPTOR_BYTES));
  return text !== null && createTypeOf(text) !== null ? text : null;
}

/** What precedes the first NUL, in lower case; null unless it is ASCII. */
function beforeNul(bytes: Uint8Array): string | null {
  const end = bytes.indexOf(0);
  const text = end < 0 ? bytes : bytes.subarray(0, end);
  return text.every((byte) => byte < 0x80) ? new TextDecoder().decode(text).toLowerCase() : null;
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f || byte >= 9 && byte <= 13 || byte >= 0x1c && byte < 0x20;
}

/** Null if there is none, or an endless one; empty if its end is missing. */
function createTypeOf(text: string): string | null {
  const [, rest] = text.split('createtype="', 2);
  if (rest === undefined) return null;
  const type = rest.slice(0, Math.max(0, rest.indexOf('"')));
  return type.length >= 64 ? null : type;
}

function descriptorRefusals(text: string | null): string[] {
  if (text === null) return ["not ASCII"];
  const type = createTypeOf(text);
  if (type !== "monolithicsparse" && type !== "streamoptimized") return ["type"];
  const lines = text.split("\n").map((line) => line.trim()).filter((line) =>
    !/^(#|ddb|$)/.test(line)
  );
  const isField = (line: string) => /^[^ =]*=/.test(line);
  const extents = lines.filter((line) => !isField(line));
  const refusals = [];
  if (extents.some((line) => !ACCESS.includes(line.split(" ")[0] ?? ""))) refusals.push("line");
  if (extents.some((line) => line.includes("/"))) refusals.push("extent");
  if (extents.length === 0) refusals.push("no extent");
  return refusals;
}

function footerRefusals(image: Uint8Array): string[] {
  if (image.length < 3 * SECTOR) return ["no footer"];
  const last = image.subarray(-3 * SECTOR);
  const [marker, footer, end] = [0, 1, 2].map((i) => last.subarray(i * SECTOR, (i + 1) * SECTOR));
  if (!marker || !footer || !end) return ["no footer"];
  const refusals = Object.entries(REPEATED)
    .filter(([, [from, to]]) =>
      image.subarray(from, to).join() !== footer.subarray(from, to).join()
    )
    .map(([field]) => `${field} of the footer`);
  if (readerOf(footer).u64le(56) === AT_END) refusals.push("another footer");
  if (!has(marker, 8, "\0\0\0\0\x03\0\0\0") || marker.subarray(16).some(Boolean)) {
    refusals.push("marker of the footer");
  }
  if (end.some(Boolean)) refusals.push("end of the stream");
  return refusals;
}
