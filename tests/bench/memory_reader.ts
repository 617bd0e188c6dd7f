/**
 * Downloads an image and writes how many bytes of memory the process had before it, and at most:
 * `memory_reader.ts URL IMAGE_ID CONNECTIONS`.
 */
import { getDefaultImageService } from "../../mod.ts";

const [url = "", imageId = "", connections] = Deno.args;

/** The memory of this process according to the kernel, in bytes. */
function memory(field: "VmRSS" | "VmHWM"): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) * 1024;
}

const service = getDefaultImageService({ apiServers: [url], authStrategy: "noauth" });
const { size } = await service.show({}, imageId);
// "5" makes the kernel reset the peak.
await Deno.writeTextFile("/proc/self/clear_refs", "5");
const idle = memory("VmRSS");
let count = 0;
await service.download(
  {},
  imageId,
  new WritableStream({ write: (chunk) => void (count += chunk.byteLength) }),
  { connections: Number(connections), reuseChunks: true },
);
if (count !== size) throw new Error(`${count} bytes instead of ${size}`);
console.log(JSON.stringify({ idle, peak: memory("VmHWM") }));
