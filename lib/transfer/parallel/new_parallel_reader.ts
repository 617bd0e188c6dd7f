/** Creates the reader of a download over several connections. */
import type { ApiServer } from "../../api_server.ts";
import type { GlanceRangeSource } from "../download/range_source.ts";
import type { ResumeOptions } from "../download/resuming_reader.ts";
import type { ImageReader } from "../body_reader.ts";
import { type ParallelOptions, ParallelReader } from "./parallel_reader.ts";

/** Options of a parallel download, in addition to those of each connection. */
export interface ParallelPlan {
  readonly connections: number | "auto";
  /** Maximum size of a part in bytes; undefined to adapt it to the network. */
  readonly partSize: number | undefined;
  /** Size of the image in bytes; null if it is unknown. */
  readonly size: number | null;
  /** The source of bytes up to `end`; that of a part prefers the server `first`. */
  rangeSource(end: number | null, first?: string, rangesOnly?: boolean): GlanceRangeSource;
  /** The servers, over which the connections are distributed. */
  servers(): Promise<readonly ApiServer[]>;
  readonly shared: ParallelOptions["shared"];
}

/** Size in bytes up to which an image is read over one connection. */
const SMALL = 8 * 1024 * 1024;

/** Creates a reader, which is not open yet; null if the image is small, or its size unknown. */
export async function parallelReader(
  { connections, size, partSize, rangeSource, servers, shared }: ParallelPlan,
  resumeOptions: ResumeOptions,
): Promise<ImageReader | null> {
  const { start, end } = resumeOptions;
  const endExclusive = end === null ? size : end + 1;
  if (endExclusive === null || endExclusive - start <= (partSize ?? SMALL)) return null;
  return new ParallelReader({
    ...resumeOptions,
    endExclusive,
    connections,
    partSize,
    rangeSource,
    rest: rangeSource(end),
    secondSource: rangeSource(end, undefined, true),
    servers: (await servers()).map(({ endpoint }) => endpoint),
    shared,
  });
}
