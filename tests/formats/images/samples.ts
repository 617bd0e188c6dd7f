/** An image of every format and variant. The first word of its name is its format. */
import { fatImage, isoImage, luksImage, partitionedImage, vdiImage } from "./disk_images.ts";
import { KIB, latin1 } from "./layout.ts";
import { fixedVhdImage, vhdImage, vhdxImage } from "./microsoft_images.ts";
import { QCOW2_FEATURES, qcow2Image, qedImage } from "./qemu_images.ts";
import { vmdkDescriptor, vmdkImage, vmdkStream } from "./vmdk_images.ts";

export const SAMPLES: Readonly<Record<string, () => Uint8Array<ArrayBuffer>>> = {
  "raw": () => new Uint8Array(300 * KIB),
  "raw text": () => latin1("a line of text\n".repeat(100)),
  "raw FAT": fatImage,
  "raw fixed VHD": () => fixedVhdImage(16 * KIB),
  "qcow2": () => qcow2Image(),
  "qcow2 version 2": () => qcow2Image({ version: 2 }),
  "qcow2 with a backing file": () => qcow2Image({ backingOffset: 0x200 }),
  "qcow2 with a data file": () => qcow2Image({ features: QCOW2_FEATURES.dataFile }),
  "qcow2 with a large disk": () => qcow2Image({ virtualSize: 1n << 62n }),
  "qed": () => qedImage(),
  "vhd": () => vhdImage(),
  "vhdx": () => vhdxImage(),
  "vmdk": () => vmdkImage(),
  "vmdk streamOptimized": () => vmdkImage({ createType: "streamOptimized" }),
  "vmdk with a footer": () => vmdkStream(),
  "vmdk descriptor": () => latin1(vmdkDescriptor({ createType: "monolithicFlat" })),
  "vdi": () => vdiImage(),
  "iso": () => isoImage(),
  "iso UDF": () => isoImage({ identifier: "NSR03" }),
  "iso hybrid": () => isoImage({ systemArea: partitionedImage([{ bootFlag: 0x80, type: 0x17 }]) }),
  "gpt": () => partitionedImage(),
  "gpt of partitions": () =>
    partitionedImage([{ bootFlag: 0x80, type: 0x83, firstBlock: 2048 }, { slot: 1, type: 0x82 }]),
  "luks": () => luksImage(),
  "luks version 2": () => luksImage({ version: 2 }),
};
