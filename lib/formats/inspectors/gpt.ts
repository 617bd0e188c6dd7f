/**
 * Disks with a partition table: an MBR, or a GPT with its protective MBR. Rules: oslo.utils 10.1; the UEFI
 * specification 2.10, 5.2.
 */
import { failuresOf } from "../checks.ts";
import { hasMagic, u32le } from "../fields.ts";
import type { FormatSteps, ImageFormat } from "../format_steps.ts";

const SECTOR_BYTES = 512;
const SIGNATURE_OFFSET = 510;

/** Offsets of fields of a file system FAT, whose boot sector has the same signature. */
const FAT_COUNT = 0x10;
const FAT_MEDIA = 0x15;
const FIXED_DISK = 0xf8;

/** The four entries of the table. */
const ENTRIES_OFFSET = 446;
const ENTRY_BYTES = 16;
const ENTRY_INDEXES = [0, 1, 2, 3];

/** Type of the entry that protects a GPT. */
const PROTECTIVE = 0xee;

export const GPT: ImageFormat = { name: "gpt", inspect };

function* inspect(): FormatSteps {
  const sector = yield { offset: 0, length: SECTOR_BYTES };
  if (!hasMagic(sector, "\x55\xaa", SIGNATURE_OFFSET) || isFat(sector)) return null;
  return {
    virtualSize: { from: 0n },
    failures: failuresOf({ mbr: () => fault(sector) }),
  };
}

function isFat(sector: Uint8Array): boolean {
  return sector[FAT_COUNT] === 2 && sector[FAT_MEDIA] === FIXED_DISK;
}

/** An entry of the table. */
interface PartitionEntry {
  readonly index: number;
  readonly bootFlag: number;
  readonly type: number;
  /** First sector, as head, sector, and cylinder. */
  readonly start: string;
  /** First sector, as a number. */
  readonly firstBlock: number;
}

function entryOf(sector: Uint8Array, index: number): PartitionEntry {
  const entry = sector.subarray(ENTRIES_OFFSET + index * ENTRY_BYTES).subarray(0, ENTRY_BYTES);
  const [bootFlag = 0, head, first, cylinder, type = 0] = entry;
  return {
    index,
    bootFlag,
    type,
    start: `${head},${first},${cylinder}`,
    firstBlock: u32le(entry, 8),
  };
}

function fault(sector: Uint8Array): string | null {
  const entries = ENTRY_INDEXES.map((index) => entryOf(sector, index));
  const used = entries.filter(({ type }) => type !== 0);
  const flagged = entries.find(({ bootFlag }) => bootFlag !== 0 && bootFlag !== 0x80);
  if (flagged) return `partition ${flagged.index} has the invalid boot flag ${flagged.bootFlag}`;
  if (used.length === 0) return "it has a boot sector and no partitions";
  const protective = entries.filter(({ type }) => type === PROTECTIVE);
  if (protective.length === 0) return null;
  if (protective.some(({ start }) => start !== "0,2,0")) {
    return "the entry that protects its GPT does not begin at CHS 0,2,0";
  }
  if (protective.some(({ firstBlock }) => firstBlock !== 1)) {
    return "the entry that protects its GPT does not begin at block 1";
  }
  const isAlone = used.length === 1 && used[0]?.index === 0;
  return isAlone ? null : "it has other partitions than the one that protects its GPT";
}
