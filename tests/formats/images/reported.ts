/** Images that users and researchers have reported to projects that inspect images. */
import type { ImageConsumer } from "../../../lib/formats/mod.ts";
import { fatImage, isoImage, luksImage, partitionedImage } from "./disk_images.ts";
import { bigEndian, imageOf, KIB, latin1, patched } from "./layout.ts";
import { fixedVhdImage } from "./microsoft_images.ts";
import { QCOW2_FEATURES, qcow2Image } from "./qemu_images.ts";
import { vmdkDescriptor, vmdkImage, vmdkStream } from "./vmdk_images.ts";

export interface ReportedImage {
  /** Project and number of the report. */
  readonly report: string;
  /** What the image is; the name of its test. */
  readonly name: string;
  readonly image: () => Uint8Array;
  /** The declared disk format. */
  readonly declared: string;
  readonly format: string;
  readonly isSafe: boolean;
  /** Who accepts it. */
  readonly acceptedBy: readonly ImageConsumer[];
}

const ALL: readonly ImageConsumer[] = ["glance", "nova", "ironic", "cinder"];
const GZIP = () => imageOf(4 * KIB, [[0, Uint8Array.of(0x1f, 0x8b, 8, 0)]]);

/** The boot sector of a Linux kernel for x86: its signature is that of a partition table. */
const kernel = () =>
  imageOf(64 * KIB, [[0x1f1, Uint8Array.of(4)], [0x1fe, latin1("\x55\xaaHdrS")]]);

export const REPORTED_IMAGES: readonly ReportedImage[] = [
  {
    report: "launchpad nova 2059809",
    name: "a qcow2 image whose data is in another file",
    image: () => qcow2Image({ features: QCOW2_FEATURES.dataFile }),
    declared: "qcow2",
    format: "qcow2",
    isSafe: false,
    acceptedBy: [],
  },
  {
    report: "launchpad nova 2071734",
    name: "a qcow2 image with a backing file that is declared as raw",
    image: () => qcow2Image({ backingOffset: 0x70 }),
    declared: "raw",
    format: "qcow2",
    isSafe: false,
    acceptedBy: [],
  },
  {
    report: "launchpad ironic 2071740",
    name: "a VMDK that is declared as qcow2",
    image: () => vmdkImage(),
    declared: "qcow2",
    format: "vmdk",
    isSafe: true,
    acceptedBy: [],
  },
  {
    report: "launchpad cinder 1996188",
    name: "a VMDK descriptor that names a file of the host",
    image: () =>
      latin1(vmdkDescriptor({
        createType: "monolithicFlat",
        extents: ['RW 20480 FLAT "/etc/passwd" 0'],
      })),
    declared: "vmdk",
    format: "vmdk",
    isSafe: false,
    acceptedBy: [],
  },
  {
    report: "launchpad ironic 2091611",
    name: "an ISO image with a partition table",
    image: () => isoImage({ systemArea: partitionedImage([{ bootFlag: 0x80, type: 0x17 }]) }),
    declared: "iso",
    format: "iso",
    isSafe: true,
    acceptedBy: ALL,
  },
  {
    report: "launchpad nova 2091114, flatcar/Flatcar 1651",
    name: "a GPT disk whose protective table has a second partition",
    image: () => partitionedImage([{}, { slot: 1, type: 0xef, bootFlag: 0x80, firstBlock: 4096 }]),
    declared: "raw",
    format: "gpt",
    isSafe: false,
    acceptedBy: ["cinder"],
  },
  {
    report: "launchpad ironic 2074090",
    name: "a ramdisk that is declared as ari",
    image: GZIP,
    declared: "ari",
    format: "raw",
    isSafe: true,
    acceptedBy: ["glance", "nova", "ironic"],
  },
  {
    report: "opendev glance, inspection of kernels",
    name: "a Linux kernel in a bare container",
    image: kernel,
    declared: "aki",
    format: "gpt",
    isSafe: false,
    acceptedBy: [],
  },
  {
    report: "kubevirt/containerized-data-importer 745",
    name: "a raw disk with a partition table",
    image: () =>
      partitionedImage([{ bootFlag: 0x80, type: 0x83, start: [32, 33, 0], firstBlock: 2048 }]),
    declared: "raw",
    format: "gpt",
    isSafe: true,
    acceptedBy: ALL,
  },
  {
    report: "kubevirt/containerized-data-importer 1759",
    name: "a malformed image of version 1 of qcow",
    image: () => qcow2Image({ version: 1, virtualSize: 167_125_767_422_464, length: KIB }),
    declared: "qcow2",
    format: "qcow2",
    isSafe: false,
    acceptedBy: [],
  },
  {
    report: "kubevirt/containerized-data-importer 1744",
    name: "a VMDK whose descriptor is elsewhere",
    image: () => vmdkImage({ descriptorSector: 7 }),
    declared: "raw",
    format: "vmdk",
    isSafe: false,
    acceptedBy: [],
  },
  {
    report: "coreos/coreos-assembler 1131",
    name: "a fixed VHD, which only its last sector tells from raw data",
    image: () => fixedVhdImage(64 * KIB),
    declared: "vhd",
    format: "raw",
    isSafe: true,
    acceptedBy: [],
  },
  {
    report: "glennmatthews/cot 65",
    name: "a streamOptimized VMDK of version 3 with a footer",
    image: () => vmdkStream({ version: 3 }, { version: 3 }),
    declared: "vmdk",
    format: "vmdk",
    isSafe: true,
    acceptedBy: ["glance", "nova", "cinder"],
  },
  {
    report: "libyal/libvmdk 34",
    name: "a VMDK that was renamed after its extent was named",
    image: () =>
      vmdkImage({
        descriptor: vmdkDescriptor({ extents: ['RW 20480 SPARSE "generated-stream.vmdk"'] }),
      }),
    declared: "vmdk",
    format: "vmdk",
    isSafe: true,
    acceptedBy: ["glance", "nova", "cinder"],
  },
  {
    report: "OSInside/kiwi 591",
    name: "a VMDK with further lines of the disk database, and Windows line ends",
    image: () =>
      vmdkImage({
        descriptor: vmdkDescriptor({
          lines: ['ddb.toolsInstallType = "4"', 'ddb.toolsVersion = "10110"'],
        }).replaceAll("\n", "\r\n"),
      }),
    declared: "vmdk",
    format: "vmdk",
    isSafe: true,
    acceptedBy: ["glance", "nova", "cinder"],
  },
  {
    report: "terraform-provider-openstack 1343",
    name: "a compressed image that is declared as qcow2",
    image: GZIP,
    declared: "qcow2",
    format: "raw",
    isSafe: true,
    acceptedBy: [],
  },
  {
    report: "openshift/installer 4279",
    name: "a raw disk that is declared as qcow2 because of its name",
    image: () => partitionedImage(),
    declared: "qcow2",
    format: "gpt",
    isSafe: true,
    acceptedBy: [],
  },
  {
    report: "opendev oslo.utils, boot sectors of FAT",
    name: "a FAT file system, such as a config drive",
    image: fatImage,
    declared: "raw",
    format: "raw",
    isSafe: true,
    acceptedBy: ALL,
  },
  {
    report: "shakenfist/instar, luks-v2",
    name: "a LUKS disk of version 2",
    image: () => luksImage({ version: 2 }),
    declared: "luks",
    format: "luks",
    isSafe: false,
    acceptedBy: ["cinder"],
  },
  {
    report: "GNS3/gns3-server 2260",
    name: "an error page that was stored instead of the image",
    image: () => latin1("<!DOCTYPE html><html><title>404 Not Found</title></html>\n".repeat(20)),
    declared: "qcow2",
    format: "raw",
    isSafe: true,
    acceptedBy: [],
  },
  {
    report: "OpenNebula/one 1114",
    name: "a qcow2 image that was cut within its header",
    image: () => qcow2Image().subarray(0, 100),
    declared: "qcow2",
    format: "qcow2",
    isSafe: false,
    acceptedBy: [],
  },
  {
    report: "launchpad oslo.utils, cirros 0.3",
    name: "a qcow2 image of version 2 whose table of feature names is where version 3 has features",
    image: () => patched(qcow2Image({ version: 2 }), [72, bigEndian(8, 0x6803f85700000090n)]),
    declared: "qcow2",
    format: "qcow2",
    isSafe: true,
    acceptedBy: ALL,
  },
  {
    report: "qemu, block/vmdk.c",
    name: "a VMDK with a parent, which qemu-img opens",
    image: () =>
      vmdkImage({
        descriptor: vmdkDescriptor().replace(
          "parentCID=ffffffff",
          'parentCID=b3e96299\nparentFileNameHint="/etc/passwd"',
        ),
      }),
    declared: "vmdk",
    format: "vmdk",
    isSafe: false,
    acceptedBy: [],
  },
];
