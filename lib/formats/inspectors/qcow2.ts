/**
 * QCOW2, the format of QEMU. Only its header is read. Rules: oslo.utils 10.1; the header is described in
 * QEMU's `docs/interop/qcow2.rst`.
 */
import { failuresOf, truncation } from "../checks.ts";
import { hasMagic, u32be, u64be } from "../fields.ts";
import { type FormatSteps, type ImageFormat, RECOGNIZED } from "../format_steps.ts";

const HEADER_BYTES = 512;

/** Offsets of fields in the header. */
const VERSION = 4;
const BACKING_FILE_OFFSET = 8;
const SIZE = 24;
const INCOMPATIBLE_FEATURES = 72;

/** Bits of the incompatible features: dirty, corrupt, external data file, compression type. */
const DATA_FILE = 4n;
const KNOWN_FEATURES = 15n;

export const QCOW2: ImageFormat = { name: "qcow2", inspect };

function* inspect(): FormatSteps {
  if (!hasMagic(yield { offset: 0, length: 4 }, "QFI\xfb")) return null;
  const header = yield { offset: 0, length: HEADER_BYTES, finding: RECOGNIZED };
  const truncated = truncation(header, HEADER_BYTES);
  if (truncated) return truncated;
  const version = u32be(header, VERSION);
  const features = u64be(header, INCOMPATIBLE_FEATURES);
  const failures = failuresOf({
    backing_file: () => u64be(header, BACKING_FILE_OFFSET) === 0n ? null : "it has a backing file",
    // Version 2 has no feature bits: other data follows its header. Glance reads this bit there as well.
    data_file: () => (features & DATA_FILE) === 0n ? null : "its data is in another file",
    unknown_features: () => {
      if (version === 2) return null;
      if (version !== 3) return `version ${version} of qcow2 is not supported`;
      const unknown = features & ~KNOWN_FEATURES;
      return unknown === 0n ? null : `it has unknown features (bits 0x${unknown.toString(16)})`;
    },
  });
  return { virtualSize: u64be(header, SIZE), failures };
}
