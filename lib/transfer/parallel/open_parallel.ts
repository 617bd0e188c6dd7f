/** Opens a download over several connections. */
import type { ApiServer } from "../../api_server.ts";
import type { GlanceRangeSource } from "../download/range_source.ts";
import type { ResumeOptions } from "../download/resuming_reader.ts";
import type { classifyFailure } from "../download/resume_policy.ts";
import { canSeek } from "../download/seek_probe.ts";
import type { ImageReader } from "../body_reader.ts";
import { AutoReader } from "./auto_reader.ts";
import { ParallelReader, type SharedClasses } from "./parallel_reader.ts";

/** What a parallel download needs besides the options of each connection. */
export interface ParallelPlan {
  readonly connections: number | "auto";
  /** Maximum size of a part in bytes; undefined to adapt it to the network. */
  readonly partSize: number | undefined;
  /** Size of the image in bytes; null if it is unknown. */
  readonly size: number | null;
  /** The source of bytes up to `end`; that of a part prefers the server `first`. */
  rangeSource(end: number | null, first?: string): GlanceRangeSource;
  /** The servers, over which the connections are distributed. */
  servers(): Promise<readonly ApiServer[]>;
  readonly shared: SharedClasses & { readonly classifyFailure: typeof classifyFailure };
}

/** Size in bytes of an image that is not worth several connections. */
const SMALL = 8 * 1024 * 1024;

/**
 * Opens a reader. Null if the image is small, or its size unknown, or if several connections are requested and its
 * store cannot seek.
 */
export async function openParallel(
  plan: ParallelPlan,
  resumeOptions: ResumeOptions,
): Promise<ImageReader | null> {
  const { signal = new AbortController().signal, start, end } = resumeOptions;
  const { connections, size, partSize, rangeSource, shared } = plan;
  const endExclusive = end === null ? size : end + 1;
  if (endExclusive === null || endExclusive - start <= (partSize ?? SMALL)) return null;
  const seeks = (until: AbortSignal) => canSeek(rangeSource(0), until, shared.classifyFailure);
  if (connections !== "auto" && !await seeks(signal)) return null;
  const servers = (await plan.servers()).map(({ endpoint }) => endpoint);
  const rest = rangeSource(end);
  const basic = { ...resumeOptions, endExclusive, partSize, rangeSource, shared, servers, rest };
  if (connections !== "auto") {
    return new ParallelReader({ ...basic, connections, onReceived: () => {} });
  }
  const lifetime = new shared.Deadline(resumeOptions.options, signal);
  const unverified = { ...resumeOptions, verifier: null, signal: lifetime.signal };
  const reader = new AutoReader({
    ...resumeOptions,
    endExclusive,
    partSize,
    lifetime,
    single: new shared.ResumingReader(rest, unverified),
    canSeek: () => seeks(lifetime.signal),
    several: (handover) => new ParallelReader({ ...basic, verifier: null, ...handover }),
  });
  await reader.open();
  return reader;
}
