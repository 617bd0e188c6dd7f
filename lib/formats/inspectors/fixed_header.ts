/**
 * Formats with a magic and a virtual size at fixed places of a header of 512 bytes: QED, VHD, and VDI. Rules:
 * oslo.utils 10.1; the headers are described in `block/qed.h`, `block/vpc.c` and `block/vdi.c` of QEMU.
 */
import { truncation } from "../checks.ts";
import { hasMagic, u64be, u64le } from "../fields.ts";
import {
  type FormatFinding,
  type FormatSteps,
  type ImageFormat,
  RECOGNIZED,
} from "../format_steps.ts";

const HEADER_BYTES = 512;

/** Offset of the magic of a VDI, after a text. */
const VDI_MAGIC_OFFSET = 0x40;

/** QEMU has deprecated QED, and no service of OpenStack accepts it. */
export const QED: ImageFormat = {
  name: "qed",
  inspect: () =>
    withHeader("QED\0", 0, () => ({
      virtualSize: null,
      failures: [{ check: "banned", reason: "the format qed is never accepted" }],
    })),
};

/** A fixed VHD has its magic only at its end: it is raw data, followed by a footer. */
export const VHD: ImageFormat = {
  name: "vhd",
  inspect: () =>
    withHeader("conectix", 0, (header) => ({ virtualSize: u64be(header, 40), failures: [] })),
};

export const VDI: ImageFormat = {
  name: "vdi",
  inspect: () =>
    withHeader("\x7f\x10\xda\xbe", VDI_MAGIC_OFFSET, (header) => ({
      virtualSize: u64le(header, 0x170),
      failures: [],
    })),
};

function* withHeader(
  magic: string,
  offset: number,
  findingOf: (header: Uint8Array) => FormatFinding,
): FormatSteps {
  if (!hasMagic(yield { offset, length: magic.length }, magic)) return null;
  const header = yield { offset: 0, length: HEADER_BYTES, finding: RECOGNIZED };
  return truncation(header, HEADER_BYTES) ?? findingOf(header);
}
