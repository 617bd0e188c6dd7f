/** Downloads continue after a break. */
import type { Guarantee } from "./guarantee.ts";

export const INTERRUPTED_DOWNLOADS: readonly Guarantee[] = [
  [
    "A download uses every usable response to a range: earlier, shorter, whole, or in parts.",
    "sockets/wrong_ranges_test.ts: download() continues after a break when the other server responds to a range with …",
    "transfer/download/multipart_test.ts: findBodyPart() finds the part with the requested byte in chunks of … bytes",
  ],
  [
    "An overlap is compared with the bytes that were delivered.",
    "transfer/download/overlap_test.ts: download() uses a range that starts earlier if its overlap equals the delivered bytes",
    "transfer/download/overlap_test.ts: download() does not use a 200 with the length of the rest when the image has no hash",
  ],
  [
    "A download falls back to the whole image, and does not repeat a request that has failed.",
    "transfer/download/resume_policy_test.ts: Candidates requests the whole image after two failed ranges of each server",
    "transfer/download/range_source_test.ts: download() requests no range again when the only server sent the whole image",
  ],
  [
    "Running the command again finishes a partial file with any response to ranges.",
    "sockets/wrong_ranges_test.ts: image-download finishes a partial file when every server responds to a range with …",
  ],
  [
    "A server that denies the image during a download is skipped, and the others are used.",
    "transfer/download/server_choice_test.ts: download() continues on the server that broke when the others respond with …",
    "transfer/download/server_choice_test.ts: download() tries a server that denied the image again after another delivered bytes and failed",
  ],
  [
    "A server that fails goes to the end of the queue.",
    "transfer/download/resume_policy_test.ts: Candidates chooses failed servers last, the oldest failure first",
  ],
  [
    "An active image that one server does not have is requested from the others.",
    "transfer/download/server_choice_test.ts: download() begins on the only server that does not respond with …",
  ],
  [
    "One caller's mistake changes nothing for other callers.",
    "transfer/range_support_cache_test.ts: GET /file requests ranges as before when another client names a wrong store",
    "transfer/range_support_cache_test.ts: download() caches nothing about the store when both a range and the whole image get 400",
  ],
  [
    "What was learned about ranges expires.",
    "transfer/range_support_cache_test.ts: RangeSupportCache expires after ten minutes",
    "transfer/range_support_cache_test.ts: download() requests ranges again ten minutes after a store did not support them",
  ],
  [
    "A download that has begun survives an outage of all servers that is shorter than `stallTimeout`.",
    "simulation/outage_test.ts: download() over … continues after an outage of … s",
    "simulation/outage_test.ts: GET /file continues after an outage of … s",
    "simulation/outage_test.ts: download() continues after a long outage when many share a retry budget",
    "transfer/download/resume_policy_test.ts: nextAction() … with 30 s to retry after …",
  ],
  [
    "With `outageTimeout`, a request or a download that starts during an outage of all servers continues until one is available again, for a bounded time.",
    "http/retry/outage_test.ts: download() with connections … begins after an outage of 20 s when outageTimeout is 30 s",
    "http/retry/outage_test.ts: GlanceClientWrapper throws GlanceConnectionFailed when outageTimeout ends",
    "http/retry/outage_test.ts: GlanceClientWrapper sends 1 + numRetries requests in spite of outageTimeout when the …",
    "cli/outage_test.ts: image-list continues as a process when a server starts after the command",
    "cli/outage_test.ts: image-list waits for Keystone, then for Glance",
  ],
  [
    "After a break, the time and the requests of a download are bounded, and a slow store gets all of `requestTimeout`.",
    "simulation/stall_timeout_test.ts: download() sends a bounded number of requests after a break when …",
    "simulation/stall_timeout_test.ts: download() from … servers ends one request after stallTimeout when all are black holes",
    "simulation/stall_timeout_test.ts: download() from … servers ends in time when each sends Retry-After",
    "simulation/stall_timeout_test.ts: download() gives a slow store all of requestTimeout after a break",
  ],
  [
    "A download continues on another server when its server becomes slow or silent, and at most a tenth of the bytes are sent twice.",
    "simulation/slow_servers_test.ts: … moves at most … times and ends in time when …",
    "simulation/slow_servers_test.ts: download() ends soon when servers fall silent again and again for 1 to 20 s",
    "simulation/slow_servers_test.ts: download() closes both bodies when it is aborted during a challenge",
    "transfer/race/rate_policy_test.ts: problemOf() is … for …",
  ],
  [
    "The error about a store that is slow to begin names the option and the flag that help.",
    "transfer/download/resuming_reader_test.ts: download() names requestTimeout when no response arrives in time",
    "cli/failures_test.ts: sentenceOf() replaces options of the library with their flags",
  ],
];
