/** LUKS, the format of encrypted disks. Rules: oslo.utils 10.1 and the LUKS1 On-Disk Format Specification. */
import { failuresOf, truncation } from "../checks.ts";
import { hasMagic, u16be, u32be } from "../fields.ts";
import { type FormatSteps, type ImageFormat, RECOGNIZED } from "../format_steps.ts";

const HEADER_BYTES = 592;
const SECTOR_BYTES = 512n;

/** Offsets of fields in the header. */
const VERSION = 6;
const PAYLOAD_OFFSET = 104;

export const LUKS: ImageFormat = { name: "luks", inspect };

function* inspect(): FormatSteps {
  if (!hasMagic(yield { offset: 0, length: 6 }, "LUKS\xba\xbe")) return null;
  const header = yield { offset: 0, length: HEADER_BYTES, finding: RECOGNIZED };
  const truncated = truncation(header, HEADER_BYTES);
  if (truncated) return truncated;
  const version = u16be(header, VERSION);
  const failures = failuresOf({
    version: () => version === 1 ? null : `version ${version} of LUKS is not supported`,
  });
  const payload = BigInt(u32be(header, PAYLOAD_OFFSET)) * SECTOR_BYTES;
  // The second version has no such field.
  return { virtualSize: version === 1 ? { from: payload } : null, failures };
}
