/** Why a VHDX is refused: its tables cannot be followed to the size of its disk. */
import { guid, KIB } from "../images/layout.ts";
import { VHDX } from "../images/microsoft_images.ts";
import { has, readerOf } from "./reader.ts";

const TABLE = VHDX.regionTable;
const MOST_ENTRIES = 2047;
const MOST_ITEM_BYTES = 64 * KIB;

export function vhdxRefusals(image: Uint8Array): string[] {
  const { u16le, u32le, u64le } = readerOf(image);
  if (image.length < TABLE + 64 * KIB) return ["incomplete"];
  if (!has(image, TABLE, "regi")) return ["region table"];
  const regions = u32le(TABLE + 8);
  if (regions > MOST_ENTRIES) return ["regions"];
  const region = entryOf(image, TABLE + 16, regions, VHDX.metadataRegion);
  // Upstream accepts an image without metadata; its size is unknown.
  if (region === null) return [];
  const metadata = Number(u64le(region + 16));
  if (metadata + 32 > image.length) return ["metadata outside the image"];
  if (!has(image, metadata, "metadata")) return ["metadata"];
  const items = u16le(metadata + 10);
  if (items > MOST_ENTRIES) return ["items"];
  const item = entryOf(image, metadata + 32, items, VHDX.virtualDiskSize);
  if (item === null) return [];
  const length = Math.min(u32le(item + 20), MOST_ITEM_BYTES);
  if (length !== 8) return ["the size does not have 8 bytes"];
  return metadata + u32le(item + 16) + length > image.length ? ["size outside the image"] : [];
}

/** The offset of an entry of 32 bytes that begins with an id. */
function entryOf(image: Uint8Array, table: number, count: number, id: string): number | null {
  const id16 = String.fromCharCode(...guid(id));
  for (let entry = table; entry < table + count * 32; entry += 32) {
    if (has(image, entry, id16)) return entry;
  }
  return null;
}
