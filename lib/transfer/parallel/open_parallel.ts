/** Opens a download over several connections. */
import type { ApiServer } from "../../api_server.ts";
import type { GlanceRangeSource } from "../download/range_source.ts";
import type { ResumeOptions } from "../download/resuming_reader.ts";
import type { classifyFailure } from "../download/resume_policy.ts";
import { canSeek } from "../download/seek_probe.ts";
import { ParallelReader, type SharedClasses } from "./parallel_reader.ts";

/** What a parallel download needs besides the options of each connection. */
export interface ParallelPlan {
  readonly connections: number;
  /** Maximum size of a part in bytes; undefined to adapt it to the network. */
  readonly partSize: number | undefined;
  /** Offset after the last requested byte. */
  readonly endExclusive: number;
  /** The source of bytes up to `end`; that of a part prefers the server `first`. */
  rangeSource(end: number | null, first?: string): GlanceRangeSource;
  /** The servers, over which the connections are distributed. */
  servers(): Promise<readonly ApiServer[]>;
  readonly shared: SharedClasses & { readonly classifyFailure: typeof classifyFailure };
}

/** Opens the connections; null if the store of the image cannot seek. */
export async function openParallel(
  plan: ParallelPlan,
  resumeOptions: ResumeOptions,
): Promise<ParallelReader | null> {
  const { signal = new AbortController().signal } = resumeOptions;
  if (!await canSeek(plan.rangeSource(0), signal, plan.shared.classifyFailure)) return null;
  const servers = await plan.servers();
  return new ParallelReader({
    ...resumeOptions,
    endExclusive: plan.endExclusive,
    partSize: plan.partSize,
    shared: plan.shared,
    connections: plan.connections,
    servers: servers.map(({ endpoint }) => endpoint),
    rangeSource: plan.rangeSource,
    rest: plan.rangeSource(resumeOptions.end),
  });
}
