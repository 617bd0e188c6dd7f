/** Cases of the machinery: regions, streams, failures of an inspector, limits. */
import { assert, assertEquals } from "@std/assert";
import { ImageInspector, inspectImage, verdictFor } from "../../../lib/formats/mod.ts";
import { isoImage, partitionedImage } from "../images/disk_images.ts";
import { imageOf, KIB, latin1, littleEndian, MIB, patched } from "../images/layout.ts";
import { vhdImage, vhdxImage } from "../images/microsoft_images.ts";
import { qcow2Image, qedImage } from "../images/qemu_images.ts";
import { vmdkHeader, vmdkStream } from "../images/vmdk_images.ts";
import { SAMPLES } from "../images/samples.ts";
import {
  assertRefused,
  assertSafe,
  DECIDED_AFTER,
  inspectInChunks,
  type UpstreamCase,
} from "./case.ts";
import { streamOf } from "./streams.ts";

/** Text that no inspector recognizes. */
const PROGRAM = latin1('import os\nprint("QFI", "conectix", "KDMV")\n'.repeat(400));

/** A VMDK that its inspector rejects at the first sector, followed by data. */
const brokenVmdk = () => imageOf(MIB, [[0, vmdkHeader({ version: 9 })]]);

export const STREAM_CASES: readonly UpstreamCase[] = [
  {
    source: "test_invalid_data",
    claim: "takes a program for raw data and keeps little of it",
    check: (inspect) => {
      const inspection = inspect(PROGRAM);
      assertSafe(inspection, { format: "raw", virtualSize: PROGRAM.length });
      assertEquals(inspection.formats, ["raw"]);
    },
  },
  {
    source: "test_invalid_data_without_raw",
    claim: "finds no declared format in a program",
    check: (inspect) => {
      for (const format of ["qcow2", "vmdk"]) {
        assertEquals(verdictFor(inspect(PROGRAM), format, "nova").accepted, false, format);
      }
    },
  },
  {
    source: "test_unique_names",
    claim: "names each format as its image is called",
    check: (inspect) => {
      for (const [format, image] of Object.entries(SAMPLES)) {
        assertEquals(inspect(image()).format, format.split(" ")[0]);
      }
    },
  },
  {
    source: "test_capture_region",
    claim: "captures the same regions from chunks of any size",
    check: (inspect) => {
      for (const image of [vmdkStream(), vhdxImage(), isoImage()]) {
        const expected = inspect(image);
        for (const size of [1, 3, 7, 13, 32, 64]) {
          assertEquals(inspectInChunks(image, size), expected, `chunks of ${size} bytes`);
        }
      }
    },
  },
  {
    source: "test_info_wrapper_file_like",
    claim: "reads all of a file",
    check: async () => {
      const { bytesRead } = await inspectImage(new Blob([PROGRAM.slice()]));
      assertEquals(bytesRead, PROGRAM.length);
    },
  },
  {
    source: "test_info_wrapper_iter_like",
    claim: "reads all of a stream",
    check: async (_inspect, chunkSize) => {
      const { bytesRead } = await inspectImage(streamOf(PROGRAM, chunkSize).stream);
      assertEquals(bytesRead, PROGRAM.length);
    },
  },
  {
    source: "test_info_wrapper_file_like_eats_error",
    claim: "reads on after an inspector has failed",
    check: async (_inspect, chunkSize) => {
      const { stream } = streamOf(brokenVmdk(), chunkSize);
      const { bytesRead, isSafe } = await inspectImage(stream);
      assertEquals({ bytesRead, isSafe }, { bytesRead: MIB, isSafe: false });
    },
  },
  {
    source: "test_wrapper_iter_like_eats_error",
    claim: "finds other formats after an inspector has failed",
    check: (inspect) => {
      const image = patched(brokenVmdk(), [510, Uint8Array.of(0x55, 0xaa)]);
      assertEquals([...inspect(image).formats].sort(), ["gpt", "vmdk"]);
    },
  },
  {
    source: "test_wrapper_iter_like_eats_error_expected_quiet",
    claim: "reports no failure of formats that do not match",
    check: (inspect) => assertSafe(inspect(vhdImage()), { format: "vhd" }),
  },
  {
    source: "test_wrapper_aborts_early",
    claim: "knows after 256 KiB that data have another format",
    check: async (_inspect, chunkSize) => {
      const data = streamOf(new Uint8Array(2 * MIB), chunkSize);
      const inspection = await inspectImage(data.stream, { headerOnly: true });
      assertEquals(verdictFor(inspection, "qcow2", "glance").accepted, false);
      assert(data.sent() < DECIDED_AFTER + chunkSize, `${data.sent()} bytes are read`);
    },
  },
  {
    source: "test_get_inspector",
    claim: "rejects a declared format that does not exist",
    check: (inspect) => {
      const inspection = inspect(qcow2Image());
      assertEquals(verdictFor(inspection, "qcow2", "nova"), { accepted: true });
      assertEquals(verdictFor(inspection, "foo", "nova").accepted, false);
    },
  },
  {
    source: "test_safety_check_records_result",
    claim: "reports the check that failed, with its reason",
    check: (inspect) => {
      const { failures } = inspect(qcow2Image({ backingOffset: 104 }));
      assertEquals(failures.map(({ check }) => check), ["backing_file"]);
      assert(/backing file/i.test(failures[0]?.reason ?? ""), failures[0]?.reason);
    },
  },
  {
    source: "test_safety_check_records_failure",
    claim: "refuses an image if a check cannot be made",
    check: (inspect) => {
      for (const itemLength of [0, 7]) assertRefused(inspect(vhdxImage({ itemLength })), "vhdx");
    },
  },
  {
    source: "test_safety_check_constants",
    claim: "always accepts formats without checks, and never a forbidden one",
    check: (inspect) => {
      assertSafe(inspect(vhdImage(0)), { format: "vhd", virtualSize: 0 });
      assertRefused(inspect(qedImage(0)), "qed");
    },
  },
  {
    source: "test_safety_check_error_conditions",
    claim: "does not call an incomplete image safe, or an empty one qcow2",
    check: (inspect) => {
      for (const length of [4, 511]) {
        const { format, isSafe } = inspect(qcow2Image().subarray(0, length));
        assertEquals(format === "qcow2" && isSafe, false, `${length} bytes`);
      }
      assertEquals(inspect(new Uint8Array(512)).formats, ["raw"]);
    },
  },
  {
    source: "test_safety_checks_required",
    claim: "calls an image safe exactly if no check failed",
    check: (inspect) => {
      for (const image of Object.values(SAMPLES)) {
        const { isSafe, failures } = inspect(image());
        assertEquals(isSafe, failures.length === 0);
      }
    },
  },
  {
    source: "test_finish_is_final",
    claim: "does not change a verdict that it has given",
    check: (_inspect, chunkSize) => {
      const inspector = new ImageInspector();
      inspector.update(qcow2Image().subarray(0, chunkSize));
      const verdict = inspector.finish();
      try {
        inspector.update(partitionedImage());
      } catch (error) {
        assert(error instanceof Error);
      }
      assertEquals(inspector.finish(), verdict);
    },
  },
  {
    source: "test_vhd_table_over_limit",
    claim: "limits what it keeps of an item of a VHDX image",
    check: (inspect) => {
      for (const itemLength of [65_537, 33 * 2048, 0xffff_ffff]) {
        assertRefused(inspect(vhdxImage({ itemLength })), "vhdx");
      }
    },
  },
  {
    source: "test_vhd_table_under_limit",
    claim: "finds the item of a VHDX image where the table says",
    check: (inspect) => {
      const virtualSize = 3 * MIB;
      for (const itemOffset of [64 * KIB, 128 * KIB]) {
        const image = vhdxImage({ virtualSize, itemOffset });
        assertSafe(inspect(image), { format: "vhdx", virtualSize });
        const moved = patched(image, [320 * KIB + 80, littleEndian(4, itemOffset + 64)]);
        assertSafe(inspect(moved), { format: "vhdx", virtualSize: 0 });
      }
    },
  },
];
