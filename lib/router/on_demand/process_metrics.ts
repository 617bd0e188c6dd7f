/** The memory and CPU time of the process, with the names that Prometheus' client libraries use. */

/** The part of Node's `process` that is used; Deno and Bun have it, too. */
interface MeasuredProcess {
  memoryUsage?(): { readonly rss: number; readonly heapUsed: number };
  cpuUsage?(): { readonly user: number; readonly system: number };
}

/** The lines of each metric that the runtime supports; none on runtimes without processes. */
export function processMetrics(): string[] {
  const { process } = globalThis as { process?: MeasuredProcess };
  const memory = measured(() => process?.memoryUsage?.());
  const cpu = measured(() => process?.cpuUsage?.());
  // On Workers, `timeOrigin` is 0.
  const start = performance.timeOrigin / 1000;
  return [
    ...line("process_resident_memory_bytes", "gauge", "Resident memory in bytes.", memory?.rss),
    ...line(
      "process_heap_bytes",
      "gauge",
      "Memory of JavaScript objects in bytes.",
      memory?.heapUsed,
    ),
    ...line(
      "process_cpu_seconds_total",
      "counter",
      "User and system CPU time in seconds.",
      cpu && (cpu.user + cpu.system) / 1e6,
    ),
    ...line(
      "process_start_time_seconds",
      "gauge",
      "Start of the process, as Unix time in seconds.",
      start > 0 ? start : undefined,
    ),
  ];
}

/** Runtimes that emulate Node's `process` may throw, or return zeros, for functions that they do not support. */
function measured<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function line(
  name: string,
  type: "gauge" | "counter",
  help: string,
  value: number | undefined,
): string[] {
  if (!value) return [];
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name} ${value}`];
}
