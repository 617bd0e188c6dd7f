/** VHDX, the format of Hyper-V. Rules: oslo.utils 10.1; MS-VHDX, 2.2.3 and 2.6. */
import { refusal } from "../checks.ts";
import { hasMagic, u16le, u32le, u64le } from "../fields.ts";
import type { FormatSteps, ImageFormat } from "../format_steps.ts";

const KIBIBYTE = 1024;
const REGION_TABLE = { offset: 192 * KIBIBYTE, length: 64 * KIBIBYTE };
const METADATA_TABLE_BYTES = 64 * KIBIBYTE;
const SIZE_BYTES = 8;

/** Both tables have entries of 32 bytes, at most 2,047, which begin with a GUID. */
const ENTRY_BYTES = 32;
const MAX_ENTRIES = 2047;

/** 8B7CA206-4790-4B9A-B8FE-575F050F886E, as it is stored. */
const METADATA_REGION = "06a27c8b90479a4bb8fe575f050f886e";
/** 2FA54224-CD1B-4876-B211-5DBED83BF4B8. */
const VIRTUAL_DISK_SIZE = "2442a52f1bcd7648b2115dbed83bf4b8";

export const VHDX: ImageFormat = { name: "vhdx", inspect };

/** The finding before the metadata is read. */
const PENDING = { virtualSize: null, failures: [], unchecked: ["metadata"] };

function* inspect(): FormatSteps {
  if (!hasMagic(yield { offset: 0, length: 8 }, "vhdxfile")) return null;
  const regionTable = yield { ...REGION_TABLE, finding: PENDING };
  if (!hasMagic(regionTable, "regi")) return refusal("region_table", "it has no region table");
  const regions = entriesOf(regionTable, 16, u32le(regionTable, 8));
  if (regions === null) return refusal("region_table", "its region table is too long or cut off");
  const metadata = regions.find(({ guid }) => guid === METADATA_REGION);
  if (!metadata) return refusal("region_table", "its region table has no metadata");

  const start = Number(u64le(metadata.fields, 0));
  if (!Number.isSafeInteger(start)) return refusal("region_table", "its metadata is after its end");
  const table = yield { offset: start, length: METADATA_TABLE_BYTES, finding: PENDING };
  if (!hasMagic(table, "metadata")) return refusal("metadata", "it has no metadata");
  const items = entriesOf(table, ENTRY_BYTES, u16le(table, 10));
  if (items === null) return refusal("metadata", "its metadata table is too long or cut off");
  const item = items.find(({ guid }) => guid === VIRTUAL_DISK_SIZE);
  if (!item) return refusal("metadata", "its metadata has no virtual disk size");
  const length = u32le(item.fields, 4);
  if (length !== SIZE_BYTES) {
    return refusal(
      "metadata",
      `its virtual disk size has ${length} bytes instead of ${SIZE_BYTES}`,
    );
  }

  const offset = u32le(item.fields, 0);
  if (offset < METADATA_TABLE_BYTES) {
    return refusal("metadata", "its virtual disk size is within the table of its metadata");
  }
  const size = yield { offset: start + offset, length, finding: PENDING };
  if (size.byteLength < length) return refusal("metadata", "it ends before its virtual disk size");
  return { virtualSize: u64le(size, 0), failures: [] };
}

/** An entry of a table. */
interface TableEntry {
  /** GUID in hexadecimal, in the order of its bytes. */
  readonly guid: string;
  /** The bytes after the GUID. */
  readonly fields: Uint8Array;
}

/** Null if the table has more entries than allowed, or ends before the last one. */
function entriesOf(table: Uint8Array, start: number, count: number): TableEntry[] | null {
  if (count > MAX_ENTRIES || start + count * ENTRY_BYTES > table.byteLength) return null;
  return Array.from({ length: count }, (_, index) => {
    const from = start + index * ENTRY_BYTES;
    const entry = table.slice(from, from + ENTRY_BYTES);
    const guid = Array.from(entry.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0"));
    return { guid: guid.join(""), fields: entry.subarray(16) };
  });
}
