/** Probes whether the store of an image supports ranges, before a download depends on it. */
import type { RangeResponse } from "./range_response.ts";
import type { GlanceRangeSource } from "./range_source.ts";
import type { classifyFailure } from "./resume_policy.ts";

/** For requests whose bytes are not used. */
const NO_PROOF = { isHashed: false, canCompare: false };

/**
 * Whether the store supports ranges. If that is unknown, requests the bytes up to `end` from `probe`. A response with
 * several bytes, or the whole image, is passed to `keep`, which must close it; any other is closed.
 */
export async function supportsRanges(
  probe: GlanceRangeSource,
  signal: AbortSignal,
  classify: typeof classifyFailure,
  keep: ((response: RangeResponse) => void) | null = null,
  end = 0,
): Promise<boolean> {
  const { candidates, hasPrefer, identity: { imageId, size } } = probe;
  while (await probe.maySupportRanges(signal)) {
    if (probe.supportsRanges) return true;
    try {
      const response = await probe.open(0, signal, NO_PROOF);
      const { isRange, endExclusive } = response;
      const isPart = isRange && endExclusive !== null && endExclusive <= end + 1;
      const isUseful = keep !== null && (isPart ? end > 0 : endExclusive === size);
      if (isUseful) keep({ ...response, isRange: isPart });
      else await response.close("the range was a probe");
      if (isPart) return true;
      if (isUseful) return false;
      candidates.refuseRange(response.server);
    } catch (error) {
      const state = { imageId, offset: 0, hasBegun: false, isSized: true, hasPrefer };
      const { servers } = candidates;
      const failure = classify(error, { ...state, servers, response: null });
      if (failure.kind === "final") return false;
      if (candidates.recordFailure(failure, false, false) !== null) return false;
    }
  }
  return false;
}
