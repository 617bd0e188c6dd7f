/** Cases of each format at several sizes of the disk. */
import { assertEquals } from "@std/assert";
import { isoImage, luksImage, partitionedImage, vdiImage } from "../images/disk_images.ts";
import { KIB, MIB } from "../images/layout.ts";
import { vhdImage, vhdxImage } from "../images/microsoft_images.ts";
import { qcow2Image } from "../images/qemu_images.ts";
import { vmdkImage } from "../images/vmdk_images.ts";
import { assertSafe, type Inspect, type UpstreamCase } from "./case.ts";

/** Large, just above, odd, and small. */
const DISK_SIZES = [512, 513, 2057, 7].map((size) => size * MIB);

const ofEachSize = (check: (inspect: Inspect, size: number) => void) => (inspect: Inspect) => {
  for (const size of DISK_SIZES) check(inspect, size);
};

export const SIZE_CASES: readonly UpstreamCase[] = [
  {
    source: "test_format (qcow2)",
    claim: "reads the size of a qcow2 disk",
    check: ofEachSize((inspect, virtualSize) =>
      assertSafe(inspect(qcow2Image({ virtualSize })), { format: "qcow2", virtualSize })
    ),
  },
  {
    source: "test_format (vhd)",
    claim: "reads the size of a VHD disk",
    check: ofEachSize((inspect, virtualSize) =>
      assertSafe(inspect(vhdImage(virtualSize)), { format: "vhd", virtualSize })
    ),
  },
  {
    source: "test_format (vhdx)",
    claim: "follows the tables of a VHDX disk to its size",
    check: ofEachSize((inspect, virtualSize) =>
      assertSafe(inspect(vhdxImage({ virtualSize })), { format: "vhdx", virtualSize })
    ),
  },
  {
    source: "test_format (vmdk)",
    claim: "reads the size of a sparse VMDK disk",
    check: ofEachSize((inspect, virtualSize) =>
      assertSafe(inspect(vmdkImage({ virtualSize })), { format: "vmdk", virtualSize })
    ),
  },
  {
    source: "test_format (gpt)",
    claim: "takes the length of a partitioned disk for its size",
    check: ofEachSize((inspect, length) =>
      assertSafe(inspect(partitionedImage([{}], 5 * KIB), { length }), {
        format: "gpt",
        virtualSize: length,
      })
    ),
  },
  {
    source: "test_format (luks)",
    claim: "subtracts the header of a LUKS disk from its length",
    check: ofEachSize((inspect, virtualSize) => {
      const image = luksImage({ payloadSector: 4040, length: 4040 * 512 });
      assertSafe(inspect(image, { length: image.length + virtualSize }), {
        format: "luks",
        virtualSize,
      });
    }),
  },
  {
    source: "test_subformat (iso9660)",
    claim: "multiplies the blocks of an ISO 9660 image by their size",
    check: ofEachSize((inspect, virtualSize) =>
      assertSafe(inspect(isoImage({ blocks: virtualSize / 2048 })), { format: "iso", virtualSize })
    ),
  },
  {
    source: "test_subformat (udf)",
    claim: "recognizes a UDF image by each of its identifiers",
    check: (inspect) => {
      for (const identifier of ["NSR02", "NSR03"]) {
        assertSafe(inspect(isoImage({ identifier })), { format: "iso" });
      }
    },
  },
  {
    source: "test_subformat (streamOptimized)",
    claim: "reads the size of a streamOptimized VMDK disk",
    check: ofEachSize((inspect, virtualSize) =>
      assertSafe(inspect(vmdkImage({ virtualSize, createType: "streamOptimized" })), {
        format: "vmdk",
        virtualSize,
      })
    ),
  },
  {
    source: "test_vdi",
    claim: "reads the size of a VDI disk",
    check: ofEachSize((inspect, virtualSize) =>
      assertSafe(inspect(vdiImage(virtualSize)), { format: "vdi", virtualSize })
    ),
  },
  {
    source: "test_params_passed_to_inspector",
    claim: "uses the size that the caller knows",
    check: (inspect) => {
      const image = new Uint8Array(300 * KIB);
      assertEquals(inspect(image, { size: image.length }).virtualSize, image.length);
    },
  },
];
