/** Cases of VMDK. */
import { assertEquals } from "@std/assert";
import { latin1, littleEndian, MIB, patched } from "../images/layout.ts";
import {
  GRAIN_DIRECTORY_AT_END,
  vmdkDescriptor,
  type VmdkFooterFields,
  vmdkImage,
  vmdkStream,
} from "../images/vmdk_images.ts";
import { seededBytes } from "../../support/seed.ts";
import { assertRefused, assertSafe, type Inspect, type UpstreamCase } from "./case.ts";

const misplacedDescriptor = (createType: string) => (inspect: Inspect) => {
  const image = vmdkImage({ createType, descriptorSector: 2 });
  assertRefused(inspect(image), "vmdk", "descriptor");
};

/** A descriptor that claims 2 MiB, in an image of 5 MiB of incompressible data. */
const hugeDescriptor = (createType: string) => (inspect: Inspect) => {
  const image = vmdkImage({ createType, virtualSize: 5 * MIB, length: 5 * MIB });
  image.set(seededBytes(5 * MIB - 12 * 1024, 1), 12 * 1024);
  const inspection = inspect(patched(image, [36, littleEndian(8, 2 * MIB / 512)]));
  assertSafe(inspection, { format: "vmdk", virtualSize: 5 * MIB });
};

/** A line in place of the extents. */
const withLines = (...lines: string[]) =>
  [
    "# a comment",
    'createType="monolithicSparse"',
    "",
    " ",
    "someUnknownThing=foo",
    "ddb whatever",
    ...lines,
  ].join("\n");

const WRONG_FOOTERS: Readonly<Record<string, VmdkFooterFields>> = {
  "another signature": { signature: "leak" },
  "another version": { version: 2 },
  "a longer descriptor": { descriptorSectors: 21 },
  "a descriptor elsewhere": { descriptorSector: 2 },
  "another footer": { grainDirectory: GRAIN_DIRECTORY_AT_END },
  "a marker of another type": { markerType: 7 },
  "a marker with a size": { markerSize: 1 },
  "a marker with data": { markerPadding: 1 },
  "an end with a value": { endValue: 1 },
  "an end of another type": { endType: 7 },
  "an end with a size": { endSize: 1 },
  "an end with data": { endPadding: 1 },
};

export const VMDK_CASES: readonly UpstreamCase[] = [
  {
    source: "test_vmdk_non_sparse_unsafe",
    claim: "refuses a VMDK descriptor that names a file of data",
    check: (inspect) => {
      const descriptor = vmdkDescriptor({
        createType: "monolithicFlat",
        extents: ['RW 20480 FLAT "disk-flat.vmdk" 0'],
      });
      assertRefused(inspect(latin1(descriptor)), "vmdk", "descriptor");
    },
  },
  {
    source: "test_vmdk_bad_descriptor_offset",
    claim: "refuses a sparse VMDK whose descriptor is elsewhere",
    check: misplacedDescriptor("monolithicSparse"),
  },
  {
    source: "test_vmdk_bad_descriptor_offset_stream_optimized",
    claim: "refuses a streamOptimized VMDK whose descriptor is elsewhere",
    check: misplacedDescriptor("streamOptimized"),
  },
  {
    source: "test_vmdk_bad_descriptor_mem_limit",
    claim: "limits what it keeps of a sparse VMDK whose descriptor claims 2 MiB",
    check: hugeDescriptor("monolithicSparse"),
  },
  {
    source: "test_vmdk_bad_descriptor_mem_limit_stream_optimized",
    claim: "limits what it keeps of a streamOptimized VMDK whose descriptor claims 2 MiB",
    check: hugeDescriptor("streamOptimized"),
  },
  {
    source: "test_vmdk_invalid_type",
    claim: "knows no size of a VMDK of an unknown type",
    check: (inspect) => {
      const inspection = inspect(vmdkImage({ createType: "someunknownformat" }));
      assertRefused(inspection, "vmdk", "descriptor");
      assertEquals(inspection.virtualSize, null);
    },
  },
  {
    source: "test_vmdk_with_footer",
    claim: "accepts a VMDK that announces a footer only if it ends with one",
    check: (inspect) => {
      const fields = {
        createType: "streamOptimized",
        grainDirectory: GRAIN_DIRECTORY_AT_END,
      };
      assertRefused(inspect(vmdkImage(fields)), "vmdk", "footer");
      assertRefused(
        inspect(vmdkImage({ ...fields, footer: new Uint8Array(1536) })),
        "vmdk",
        "footer",
      );
      assertSafe(inspect(vmdkStream()), { format: "vmdk", virtualSize: 10 * MIB });
    },
  },
  {
    source: "test_vmdk_footer_checks",
    claim: "refuses a VMDK whose footer differs from its header",
    check: (inspect) => {
      for (const [difference, footer] of Object.entries(WRONG_FOOTERS)) {
        const inspection = inspect(vmdkStream(footer));
        assertEquals(inspection.isSafe, false, `${difference} is accepted`);
        assertRefused(inspection, "vmdk", "footer");
      }
    },
  },
  {
    source: "test_vmdk_safety_checks",
    claim: "accepts only known lines of a VMDK descriptor, and extents in the same file",
    check: (inspect) => {
      const safe = withLines("rw 0 somefile.vmdk");
      assertSafe(inspect(vmdkImage({ descriptor: safe })), { format: "vmdk" });
      for (
        const descriptor of [
          safe.replace('createType="monolithicSparse"', "createType monolithicFlat"),
          safe.replace("monolithicSparse", "monolithicFlat"),
          `${safe}\nwronly 2048 somefile2.vmdk`,
          `${safe}\nrw 2048 /etc/hosts`,
          withLines(),
        ]
      ) {
        assertRefused(inspect(vmdkImage({ descriptor })), "vmdk", "descriptor");
      }
    },
  },
  {
    source: "test_vmdk_format_checks",
    claim: "refuses a VMDK of an unknown version or without a descriptor",
    check: (inspect) => {
      assertSafe(inspect(new Uint8Array(512)), { format: "raw" });
      assertRefused(inspect(vmdkImage({ version: 0 })), "vmdk");
      assertRefused(inspect(vmdkImage({ version: 4 })), "vmdk");
      assertRefused(inspect(vmdkImage({ descriptorSector: 0 })), "vmdk");
    },
  },
];
