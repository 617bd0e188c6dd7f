/** Glance as the origin of a cache, with the token of one reader. */
import type { GlanceImage } from "../../api/types.ts";
import type { Origin } from "../../cache/fill/origin.ts";
import type { RequestContext } from "../../context.ts";
import type { Gateway } from "../gateway_request.ts";
import type { CacheCode } from "./cache_code.ts";

/** Statuses of the data that concern the caller, not the server. */
const REFUSALS: readonly unknown[] = [401, 403, 404];

/** What the origin needs. */
export interface GlanceOriginInput {
  readonly gateway: Gateway;
  readonly context: RequestContext;
  readonly image: GlanceImage;
  readonly onBytes: (count: number) => void;
  /** Asks whether the store has ranges, unless another reader of the image is asking. */
  readonly onceForAll: (ask: () => Promise<boolean>) => Promise<boolean>;
  /** Called with each server that sends data. */
  readonly onServer: (server: string) => void;
}

/** The origin of an image. Its requests resume on other servers, and do not end with the request of the reader. */
export function glanceOrigin({ upstreamOf }: CacheCode, input: GlanceOriginInput): Origin {
  const { gateway, context, image, onBytes, onceForAll, onServer } = input;
  const upstream = (start: number, end: number) =>
    upstreamOf(gateway, {
      context,
      image,
      range: { start, end },
      verifier: null,
      signal: new AbortController().signal,
      onProgress: ({ server }) => onServer(server),
    });
  let seeks: Promise<boolean> | null = null;
  return {
    async open(start, end) {
      const { reader } = upstream(start, end - 1);
      await reader.open();
      return {
        async read(into) {
          const chunk = await reader.read(into);
          if (chunk !== null) reader.report();
          return chunk;
        },
        cancel: (reason) => reader.cancel(reason),
      };
    },
    supportsRanges: () => seeks ??= onceForAll(upstream(0, 0).canSeek),
    isOwnFault: (error) =>
      error instanceof Error && "status" in error && REFUSALS.includes(error.status),
    onBytes,
  };
}
