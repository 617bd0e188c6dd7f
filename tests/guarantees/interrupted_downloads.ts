/** Downloads continue after a break. */
import type { Guarantee } from "./guarantee.ts";

export const INTERRUPTED_DOWNLOADS: readonly Guarantee[] = [
  [
    "A download uses every usable answer to a range: earlier, shorter, whole, or in parts.",
    "sockets/range_lies_test.ts: download() continues after a break when the other server responds to a range with …",
    "transfer/download/multipart_test.ts: findBodyPart() finds the part with the wanted byte in chunks of … bytes",
  ],
  [
    "An overlap is compared with the bytes that were delivered.",
    "transfer/download/overlap_test.ts: A part that starts earlier is used if its first bytes are those that were delivered",
    "transfer/download/overlap_test.ts: The rest as 200 without a label is not believed without a hash",
  ],
  [
    "A download falls back to the whole image, and does not repeat a question that has failed.",
    "transfer/download/resume_policy_test.ts: Candidates asks for the whole image after two fruitless ranges of each server",
    "transfer/download/range_source_test.ts: The only server is asked for no range again after it has given the whole",
  ],
  [
    "Running the command again finishes a part, whatever the servers answer to ranges.",
    "sockets/range_lies_test.ts: image-download finishes a partial file when every server responds to a range with …",
  ],
  [
    "A server that denies the image during a download is passed over, and the others are asked.",
    "transfer/server_choice_test.ts: A download goes on at the server that broke when the others answer …",
    "transfer/server_choice_test.ts: A server that denied the image is asked again after another one has delivered and died",
  ],
  [
    "A server that fails goes to the end of the queue.",
    "transfer/download/resume_policy_test.ts: Candidates asks a server that failed after the others, the oldest failure first",
  ],
  [
    "An active image that one server does not have is requested from the others.",
    "transfer/server_choice_test.ts: A download begins at the only server that does not answer …",
  ],
  [
    "One caller's mistake changes nothing for other callers.",
    "transfer/download/range_memory_test.ts: A caller's wrong store changes nothing for the other callers of a gateway",
    "transfer/download/range_memory_test.ts: A 400 to a range and to the whole image alike teaches nothing about the store",
  ],
  [
    "What was learned about ranges expires.",
    "transfer/download/range_memory_test.ts: RangeMemory forgets after ten minutes",
    "transfer/download/range_memory_test.ts: A store that did not seek is asked for ranges again after ten minutes",
  ],
  [
    "The error about a store that is slow to begin names the option and the flag that help.",
    "transfer/download/resuming_reader_test.ts: download() names requestTimeout when no response arrives in time",
    "cli/failures_test.ts: sentenceOf() names flags in place of the options of the library that they set",
  ],
];
