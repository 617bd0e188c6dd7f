/**
 * Lists images to the end and writes how many bytes of memory the process had before it, and at most:
 * `list_reader.ts URL COUNT`.
 */
import { getDefaultImageService } from "../../mod.ts";

const [url = "", expected] = Deno.args;

/** The memory of this process according to the kernel, in bytes. */
function memory(field: "VmRSS" | "VmHWM"): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) * 1024;
}

const service = getDefaultImageService({ apiServers: [url], authStrategy: "noauth" });
await service.detail({}, { limit: 1 });
// "5" makes the kernel reset the peak.
await Deno.writeTextFile("/proc/self/clear_refs", "5");
const idle = memory("VmRSS");
let count = 0;
for await (const _ of service.list({})) count++;
if (count !== Number(expected)) throw new Error(`${count} images instead of ${expected}`);
console.log(JSON.stringify({ idle, peak: memory("VmHWM") }));
