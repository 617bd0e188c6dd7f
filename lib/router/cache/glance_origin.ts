/** Glance as the origin of a cache, with the token of one reader. */
import type { GlanceImage } from "../../api/types.ts";
import type { Origin } from "../../cache/fill/origin.ts";
import type { RequestContext } from "../../context.ts";
import type { Gateway } from "../gateway_request.ts";
import type { RangeResponse } from "../../transfer/download/range_response.ts";
import type { RangeSource } from "../../transfer/download/range_source.ts";
import type { CacheCode } from "./cache_code.ts";
import type { RangeProbes } from "./range_probes.ts";

/** Error statuses that are due to the caller, not to the server. */
const REFUSALS: readonly unknown[] = [401, 403, 404];

/** Options of the origin. */
export interface GlanceOriginInput {
  readonly gateway: Gateway;
  readonly context: RequestContext;
  readonly image: GlanceImage;
  readonly onBytes: (count: number) => void;
  /** Identifies the data. */
  readonly key: string;
  readonly probes: RangeProbes;
  /** Called with each server that sends data. */
  readonly onServer: (server: string) => void;
}

/** The origin of an image. Its requests resume on other servers, and continue after the reader's request has ended. */
export function glanceOrigin({ upstreamOf }: CacheCode, input: GlanceOriginInput): Origin {
  const { gateway, context, image, key, probes, onBytes, onServer } = input;
  const upstream = (start: number, end: number, opened: RangeResponse | null) => {
    const isWhole = start === 0 && end + 1 === image.size;
    return upstreamOf(gateway, {
      context,
      image,
      range: { start, end },
      verifier: null,
      signal: new AbortController().signal,
      onProgress: ({ server }) => onServer(server),
      // Without ranges, every slot would read all bytes before it; a read of the whole image fills all slots instead.
      rangesOnly: !isWhole,
      ...opened !== null && { startWith: (source) => startingWith(opened, source) },
    });
  };
  let supported: Promise<boolean> | null = null;
  const { spans } = gateway.tracing;
  const parent = spans?.active();
  return {
    async open(start, end) {
      const span = parent && spans?.fill(image.id, start, end, parent);
      const open = async () => {
        const opened = start === 0 ? probes.take(key, end) : null;
        const { reader } = upstream(start, end - 1, opened);
        await reader.open();
        return reader;
      };
      try {
        const reader = await (span?.run(open) ?? open());
        return {
          async read(into) {
            const chunk = await reader.read(into);
            if (chunk !== null) reader.report();
            return chunk;
          },
          async cancel(reason) {
            span?.end();
            await reader.cancel(reason);
          },
        };
      } catch (error) {
        span?.end(error);
        throw error;
      }
    },
    supportsRanges(first = 1) {
      // A whole image is requested without a range.
      if (first === image.size) supported ??= Promise.resolve(true);
      const probe = (keep: (response: RangeResponse) => void) =>
        upstream(0, 0, null).supportsRanges(keep, first - 1);
      return supported ??= probes.supportsRanges(key, probe);
    },
    closeProbe: () => probes.close(key),
    isOwnFault: (error) =>
      error instanceof Error && "status" in error && REFUSALS.includes(error.status),
    isRangeRefusal(error) {
      const isLost = error instanceof Error && error.name === "RangesUnavailable";
      if (isLost) supported = Promise.resolve(false);
      return isLost;
    },
    onBytes,
  };
}

/** A source whose first response is already open. */
function startingWith(opened: RangeResponse, source: RangeSource): RangeSource {
  let first: RangeResponse | null = opened;
  const { identity, candidates, hasPrefer } = source;
  return {
    identity,
    candidates,
    hasPrefer,
    open(...call) {
      const response = first;
      first = null;
      return response === null ? source.open(...call) : Promise.resolve(response);
    },
  };
}
