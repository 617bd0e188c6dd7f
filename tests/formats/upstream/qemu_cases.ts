/** Cases of qcow2 and QED. */
import { assertEquals } from "@std/assert";
import { isoImage } from "../images/disk_images.ts";
import { latin1, MIB } from "../images/layout.ts";
import { QCOW2_FEATURES, qcow2Image, qedImage } from "../images/qemu_images.ts";
import { inspectImage } from "../../../lib/formats/mod.ts";
import { assertRefused, assertSafe, DECIDED_AFTER, type UpstreamCase } from "./case.ts";
import { streamOf } from "./streams.ts";

/** An ISO image whose system area has the header of a qcow2 image: QEMU sees only the latter. */
const isoWithQcow2 = () => isoImage({ systemArea: qcow2Image() });

export const QEMU_CASES: readonly UpstreamCase[] = [
  {
    source: "test_bad_iso_qcow2",
    claim: "refuses an ISO image that begins as a qcow2 image",
    check: (inspect) => {
      const { isSafe, failures } = inspect(isoWithQcow2());
      assertEquals(isSafe, false);
      const reasons = failures.map(({ reason }) => reason).join();
      for (const format of ["iso", "qcow2"]) assertEquals(reasons.includes(format), true, reasons);
    },
  },
  {
    source: "test_bad_iso_qcow2_multiple_matches",
    claim: "names all formats that match",
    check: (inspect) => {
      assertEquals([...inspect(isoWithQcow2()).formats].sort(), ["iso", "qcow2"]);
    },
  },
  {
    source: "test_from_file_reads_minimum",
    claim: "stops to read a qcow2 image once its format is certain",
    check: async (_inspect, chunkSize) => {
      const data = streamOf(qcow2Image({ length: 2 * MIB }), chunkSize);
      const { format, bytesRead } = await inspectImage(data.stream, { headerOnly: true });
      assertEquals(format, "qcow2");
      assertEquals(bytesRead < DECIDED_AFTER + chunkSize, true, `${bytesRead} bytes are read`);
      assertEquals(data.isCanceled(), true);
    },
  },
  {
    source: "test_qed_always_unsafe",
    claim: "refuses every QED image",
    check: (inspect) => assertRefused(inspect(qedImage()), "qed"),
  },
  {
    source: "test_qcow2_safety_checks",
    claim: "refuses a qcow2 image with a backing file or a data file",
    check: (inspect) => {
      assertSafe(inspect(qcow2Image()), { format: "qcow2" });
      for (const backingOffset of [1, 512, 1n << 32n, 1n << 63n]) {
        assertRefused(inspect(qcow2Image({ backingOffset })), "qcow2", "backing_file");
      }
      const features = QCOW2_FEATURES.dataFile;
      assertRefused(inspect(qcow2Image({ features })), "qcow2", "data_file");
      assertSafe(inspect(latin1("foobar")), { format: "raw", virtualSize: 6 });
    },
  },
  {
    source: "test_qcow2_feature_flag_checks",
    claim: "refuses unknown features of a qcow2 image, and versions other than 2 and 3",
    check: (inspect) => {
      const unknown = [QCOW2_FEATURES.extendedL2, 0x80n, 1n << 56n];
      for (const features of unknown) {
        assertRefused(inspect(qcow2Image({ features })), "qcow2", "unknown_features");
        assertSafe(inspect(qcow2Image({ features, version: 2 })), { format: "qcow2" });
        for (const version of [0, 1, 4, 0xffff_ffff]) {
          assertRefused(inspect(qcow2Image({ features, version })), "qcow2", "unknown_features");
        }
      }
      assertSafe(inspect(qcow2Image({ features: QCOW2_FEATURES.dirty })), { format: "qcow2" });
    },
  },
  {
    source: "test_qcow2_future_flags",
    claim: "decides about each feature bit of a qcow2 image by itself",
    check: (inspect) => {
      const safe = [0n, 1n, 3n];
      for (let bit = 0n; bit < 64n; bit++) {
        const { isSafe } = inspect(qcow2Image({ features: 1n << bit, length: 1024 }));
        assertEquals(isSafe, safe.includes(bit), `bit ${bit}`);
      }
    },
  },
];
