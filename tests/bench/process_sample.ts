/** What a process has at a moment. */

/** The memory and the open files of a process. */
export interface ProcessSample {
  /** Mebibytes. */
  readonly memory: number;
  readonly descriptors: number;
}

/** Reads them from the kernel. */
export function sampleOf(pid: number): ProcessSample {
  const [, kib = "0"] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  const descriptors = [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  return { memory: Math.round(Number(kib) / 1024), descriptors };
}
