/** Cases of partition tables. */
import { type Partition, partitionedImage } from "../images/disk_images.ts";
import { assertRefused, assertSafe, type UpstreamCase } from "./case.ts";

const SAFE: Readonly<Record<string, readonly Partition[]>> = {
  "an entry that protects a GPT": [{}],
  "a bootable entry": [{ bootFlag: 0x80, type: 0x83, start: [1, 1, 0], firstBlock: 63 }],
  "a partition that starts anywhere": [{ type: 0x8e, start: [0, 1, 0], firstBlock: 2 }],
  "two partitions": [
    { type: 0x8e, start: [0, 1, 0] },
    { slot: 1, type: 2 },
  ],
};

const REFUSED: Readonly<Record<string, readonly Partition[]>> = {
  "an invalid boot flag": [{ bootFlag: 0x0a }],
  "an invalid boot flag of an empty entry": [{}, { slot: 3, bootFlag: 1, type: 0 }],
  "no partition": [{ type: 0 }],
  "a second entry that protects a GPT": [{}, { slot: 1 }],
  "a partition next to the one that protects a GPT": [{}, { slot: 2, type: 0x83 }],
  "a protecting entry that is not the first": [{ slot: 1 }],
  "a protecting entry at another head": [{ start: [0, 1, 0] }],
  "a protecting entry at another block": [{ firstBlock: 2 }],
};

export const PARTITION_CASES: readonly UpstreamCase[] = [
  {
    source: "test_gpt_mbr_check",
    claim: "accepts only a valid partition table",
    check: (inspect) => {
      for (const partitions of Object.values(SAFE)) {
        assertSafe(inspect(partitionedImage(partitions)), { format: "gpt" });
      }
      for (const partitions of Object.values(REFUSED)) {
        assertRefused(inspect(partitionedImage(partitions)), "gpt", "mbr");
      }
    },
  },
];
