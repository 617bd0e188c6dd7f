/** Cases of LUKS. This inspector is given no passphrase, so it does not look into the encrypted data. */
import { assertEquals } from "@std/assert";
import { verdictFor } from "../../../lib/formats/mod.ts";
import { luksImage } from "../images/disk_images.ts";
import { KIB, MIB, patched } from "../images/layout.ts";
import { qcow2Image } from "../images/qemu_images.ts";
import { assertRefused, assertSafe, type Inspect, type UpstreamCase } from "./case.ts";

/** Where the data begin. */
const PAYLOAD = 8 * 512;

/** A LUKS image with readable data, which only a broken tool would write. */
const withReadableData = (data: Uint8Array) => patched(luksImage(), [PAYLOAD, data]);

const isLuks = (image: () => Uint8Array) => (inspect: Inspect) =>
  assertSafe(inspect(image()), { format: "luks" });

const FROM_TESTS_OF_CONTAINERS: readonly UpstreamCase[] = [
  {
    source: "test_adds_inner_safety_check",
    claim: "judges a LUKS image by its header alone",
    isEncrypted: true,
    check: isLuks(() => withReadableData(new Uint8Array(64).fill(0xff))),
  },
  {
    source: "test_inner_safety_noop_without_inner",
    claim: "accepts a LUKS image whose data is random",
    check: isLuks(() => withReadableData(Uint8Array.from({ length: 512 }, (_, i) => i * 7))),
  },
  {
    source: "test_inner_safety_invokes_inner_safety_check",
    claim: "does not take the data of a LUKS image for its format",
    isEncrypted: true,
    check: (inspect) => {
      const inspection = inspect(withReadableData(qcow2Image()));
      assertEquals(inspection.formats, ["luks"]);
      assertEquals(verdictFor(inspection, "qcow2", "glance").accepted, false);
    },
  },
  {
    source: "test_inner_safety_failure_is_recorded",
    claim: "does not apply the checks of qcow2 to the data of a LUKS image",
    isEncrypted: true,
    check: isLuks(() => withReadableData(qcow2Image({ backingOffset: 512 }))),
  },
];

export const LUKS_CASES: readonly UpstreamCase[] = [
  ...FROM_TESTS_OF_CONTAINERS,
  {
    source: "test_format_match_valid",
    claim: "recognizes a LUKS header without data",
    check: isLuks(() => luksImage({ length: PAYLOAD })),
  },
  {
    source: "test_format_match_invalid",
    claim: "does not recognize zeros as LUKS",
    check: (inspect) => assertEquals(inspect(new Uint8Array(592)).formats, ["raw"]),
  },
  {
    source: "test_header_items_parsed",
    claim: "reads the offset of the data of a LUKS image whatever its cipher",
    check: (inspect) => {
      const image = luksImage({
        mode: "cbc-essiv:sha256",
        hash: "sha512",
        payloadSector: 2048,
        keyBytes: 64,
        iterations: 50_000,
        length: 2 * MIB,
      });
      assertSafe(inspect(image), { format: "luks", virtualSize: MIB });
    },
  },
  {
    source: "test_format_match_at_small_block_size",
    claim: "recognizes a LUKS image that is shorter than a chunk",
    check: isLuks(() => luksImage({ payloadSector: 1, length: 600 })),
  },
  {
    source: "test_check_version_v1_passes",
    claim: "accepts version 1 of LUKS",
    check: isLuks(() => luksImage({ version: 1 })),
  },
  {
    source: "test_check_version_v2_raises",
    claim: "refuses other versions of LUKS",
    check: (inspect) => {
      for (const version of [0, 2, 3, 0x100]) {
        assertRefused(inspect(luksImage({ version })), "luks", "version");
      }
    },
  },
  {
    source: "test_check_passphrase_no_passphrase_noop",
    claim: "reports no failure of a LUKS image although it has no passphrase",
    check: (inspect) => assertEquals(inspect(luksImage()).failures, []),
  },
  {
    source: "test_check_passphrase_wrong_no_inner",
    claim: "accepts a LUKS image with the digest of another key",
    isEncrypted: true,
    check: isLuks(() => patched(luksImage(), [112, new Uint8Array(20).fill(0xff)])),
  },
  {
    source: "test_check_passphrase_correct_has_inner",
    claim: "ignores the salt of a LUKS image",
    isEncrypted: true,
    check: isLuks(() => patched(luksImage(), [132, new Uint8Array(32).fill(0xff)])),
  },
  {
    source: "test_safety_checks_registered",
    claim: "names the version as the failed check of a LUKS image",
    check: (inspect) => {
      const { failures } = inspect(luksImage({ version: 2 }));
      assertEquals(failures.map(({ check }) => check), ["version"]);
    },
  },
  {
    source: "test_iter_limit_default",
    claim: "derives no key, so a LUKS image cannot make it compute for long",
    isEncrypted: true,
    check: isLuks(() => luksImage({ iterations: 0xffff_ffff })),
  },
  {
    source: "test_iter_limit_custom",
    claim: "ignores the iterations of the key slots of a LUKS image",
    isEncrypted: true,
    check: isLuks(() => luksImage({ slots: [{ active: true, iterations: 0xffff_ffff }] })),
  },
  {
    source: "test_post_process_no_passphrase_no_key_material",
    claim: "keeps no more of a LUKS image than of any other",
    check: isLuks(() => luksImage({ length: 2 * MIB })),
  },
  {
    source: "test_post_process_creates_key_material_region",
    claim: "does not keep the key material of a LUKS image, whatever its length",
    isEncrypted: true,
    check: isLuks(() =>
      luksImage({
        keyBytes: 0xffff_ffff,
        slots: [{ active: true, stripes: 0xffff_ffff }],
        length: 2 * MIB,
      })
    ),
  },
  {
    source: "test_post_process_uses_first_active_slot",
    claim: "accepts a LUKS image whose first key slot is not active",
    isEncrypted: true,
    check: isLuks(() => luksImage({ slots: [{ active: false }, { active: true }] })),
  },
  {
    source: "test_post_process_no_active_slots",
    claim: "accepts a LUKS image without an active key slot",
    isEncrypted: true,
    check: isLuks(() => luksImage({ slots: [{ active: false }] })),
  },
  {
    source: "test_decrypt_no_master_key_raises",
    claim: "accepts a LUKS image whose key material is outside the image",
    isEncrypted: true,
    check: isLuks(() => luksImage({ slots: [{ active: true, keySector: 0xffff_ffff }] })),
  },
  {
    source: "test_region_complete_detects_inner_format",
    claim: "names LUKS as the only format of a LUKS image",
    isEncrypted: true,
    check: (inspect) => {
      assertEquals(inspect(withReadableData(qcow2Image())).formats, ["luks"]);
    },
  },
  {
    source: "test_virtual_size",
    claim: "subtracts the offset of its data from the length of a LUKS image",
    check: (inspect) => {
      assertSafe(inspect(luksImage({ length: PAYLOAD + 10 * KIB })), {
        format: "luks",
        virtualSize: 10 * KIB,
      });
    },
  },
  {
    source: "test_luks_decrypt_detects_inner_format",
    claim: "accepts a LUKS image that is declared as LUKS",
    isEncrypted: true,
    check: (inspect) => {
      assertEquals(verdictFor(inspect(luksImage()), "luks", "nova").accepted, true);
    },
  },
  {
    source: "test_luks_no_passphrase_passes_safety",
    claim: "accepts a LUKS image of 10 MiB",
    check: (inspect) => {
      assertSafe(inspect(luksImage(), { length: PAYLOAD + 10 * MIB }), {
        format: "luks",
        virtualSize: 10 * MIB,
      });
    },
  },
  {
    source: "test_luks_wrong_passphrase_errors",
    claim: "rejects a LUKS image that is declared as what it may contain",
    isEncrypted: true,
    check: (inspect) => {
      const inspection = inspect(luksImage());
      for (const format of ["qcow2", "vmdk"]) {
        assertEquals(verdictFor(inspection, format, "nova").accepted, false, format);
      }
    },
  },
];
