/** ISO 9660 and UDF, the file systems of optical disks. Rules: oslo.utils 10.1; ECMA-119, 8.4; ECMA-167. */
import { truncation } from "../checks.ts";
import { hasMagic, u16le, u32le } from "../fields.ts";
import { type FormatSteps, type ImageFormat, RECOGNIZED } from "../format_steps.ts";

/** The first volume descriptor follows the 32 KiB of the system area. */
const DESCRIPTOR_OFFSET = 32 * 1024;
const DESCRIPTOR_BYTES = 2048;
const IDENTIFIERS = ["CD001", "NSR02", "NSR03"];
const PRIMARY = 1;

/** Offsets of fields in the descriptor. */
const IDENTIFIER = 1;
const BLOCKS = 80;
const BLOCK_BYTES = 128;

export const ISO: ImageFormat = { name: "iso", inspect };

function* inspect(): FormatSteps {
  const identifier = yield { offset: DESCRIPTOR_OFFSET + IDENTIFIER, length: 5 };
  if (!IDENTIFIERS.some((known) => hasMagic(identifier, known))) return null;
  const descriptor = yield {
    offset: DESCRIPTOR_OFFSET,
    length: DESCRIPTOR_BYTES,
    finding: RECOGNIZED,
  };
  const truncated = truncation(descriptor, DESCRIPTOR_BYTES);
  if (truncated) return truncated;
  const virtualSize = descriptor[0] === PRIMARY
    ? BigInt(u32le(descriptor, BLOCKS)) * BigInt(u16le(descriptor, BLOCK_BYTES))
    : null;
  return { virtualSize, failures: [] };
}
