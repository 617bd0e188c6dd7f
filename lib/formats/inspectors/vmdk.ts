/**
 * VMDK, the format of VMware: a sparse extent with a descriptor in it, or a descriptor alone. Rules:
 * oslo.utils 10.1; VMware's Virtual Disk Format 5.0; `block/vmdk.c` of QEMU.
 */
import { failuresOf, refusal, truncation } from "../checks.ts";
import { hasMagic, isZero, u32le, u64le } from "../fields.ts";
import {
  type FormatFinding,
  type FormatSteps,
  HEAD_BYTES,
  type ImageFormat,
  MAX_REGION_BYTES,
  RECOGNIZED,
  TAIL_BYTES,
} from "../format_steps.ts";
import { descriptorFailures, descriptorText, isDescriptor } from "./vmdk_descriptor.ts";

const SECTOR_BYTES = 512;
const HEADER_BYTES = 64;
const MAGIC = "KDMV";
/** Magic of the extents of ESX 2, which QEMU opens too. */
const OLD_MAGIC = "COWD";
const FOOTER_MARKER = 3;
/** Offset of a grain directory whose position is only in the footer. */
const IN_FOOTER = 2n ** 64n - 1n;

export const VMDK: ImageFormat = { name: "vmdk", inspect };

function* inspect(): FormatSteps {
  const magic = yield { offset: 0, length: MAGIC.length };
  if (hasMagic(magic, MAGIC)) return yield* inspectSparse();
  if (hasMagic(magic, OLD_MAGIC)) return refusal("header", "its version is not supported");
  return yield* inspectText();
}

/** A descriptor without an extent around it: all its data is in other files. QEMU reads it up to a NUL. */
function* inspectText(): FormatSteps {
  const start = yield { offset: 0, length: SECTOR_BYTES };
  const text = start.includes(0) ? start : yield { offset: 0, length: HEAD_BYTES };
  if (!isDescriptor(descriptorText(text))) return null;
  return refusal("descriptor", "its data is in other files");
}

function* inspectSparse(): FormatSteps {
  const bytes = (yield { offset: 0, length: HEADER_BYTES, finding: RECOGNIZED }).slice();
  const truncated = truncation(bytes, HEADER_BYTES);
  if (truncated) return truncated;
  const header = sparseHeader(bytes);
  if (header.version < 1 || header.version > 3) {
    return refusal("header", `version ${header.version} of vmdk is not supported`);
  }
  if (header.descriptorSector !== 1n) {
    return refusal("descriptor", "its descriptor does not follow its header");
  }
  const stated = Number(header.descriptorSectors) * SECTOR_BYTES;
  const length = Math.min(stated, MAX_REGION_BYTES);
  const descriptor = yield {
    offset: SECTOR_BYTES,
    length,
    finding: refusal("descriptor", "its descriptor is longer than the bytes that were read"),
  };
  if (descriptor.byteLength < length) return refusal("descriptor", "it ends within its descriptor");
  const finding = findingOf(header, descriptor);
  if (header.directory !== IN_FOOTER) return finding;
  const tail = yield {
    offset: -TAIL_BYTES,
    length: TAIL_BYTES,
    finding: { ...finding, unchecked: ["footer"] },
  };
  const failures = failuresOf({ footer: () => footerFault(header, tail) });
  return { ...finding, failures: [...finding.failures, ...failures] };
}

/** The fields of a header or a footer that are used. */
interface SparseHeader {
  readonly isSparse: boolean;
  readonly version: number;
  /** Size of the disk, in sectors. */
  readonly capacity: bigint;
  readonly descriptorSector: bigint;
  readonly descriptorSectors: bigint;
  /** Sector of the grain directory. */
  readonly directory: bigint;
}

function sparseHeader(bytes: Uint8Array): SparseHeader {
  return {
    isSparse: hasMagic(bytes, MAGIC),
    version: u32le(bytes, 4),
    capacity: u64le(bytes, 12),
    descriptorSector: u64le(bytes, 28),
    descriptorSectors: u64le(bytes, 36),
    directory: u64le(bytes, 56),
  };
}

function findingOf({ capacity }: SparseHeader, descriptor: Uint8Array): FormatFinding {
  // QEMU reads the descriptor up to a NUL, not up to the length that the header states.
  if (!descriptor.includes(0)) {
    return refusal("descriptor", "its descriptor does not end with a NUL");
  }
  const failures = descriptorFailures(descriptorText(descriptor));
  return { virtualSize: failures.length > 0 ? null : capacity * BigInt(SECTOR_BYTES), failures };
}

/** The footer replaces the header, so both must describe the same disk. */
function footerFault(header: SparseHeader, tail: Uint8Array): string | null {
  const footer = sparseHeader(tail.subarray(SECTOR_BYTES, 2 * SECTOR_BYTES));
  const marker = tail.subarray(0, SECTOR_BYTES);
  const isMarker = u32le(marker, 8) === 0 && u32le(marker, 12) === FOOTER_MARKER &&
    isZero(marker.subarray(16));
  if (!isMarker) return "no marker precedes its footer";
  if (!isZero(tail.subarray(2 * SECTOR_BYTES))) return "no end marker follows its footer";
  if (footer.directory === IN_FOOTER) return "its footer refers to another footer";
  const isSame = footer.isSparse && footer.version === header.version &&
    footer.capacity === header.capacity && footer.descriptorSector === header.descriptorSector &&
    footer.descriptorSectors === header.descriptorSectors;
  return isSame ? null : "its footer and its header differ";
}
