/**
 * Calls in sequence for some time, and prints how many seconds they have lost:
 *
 *   callers.ts library SERVERS ID SECONDS NORMAL    one caller with the library
 *   callers.ts http URL ID SECONDS NORMAL           ten callers with fetch
 *
 * A call loses what it takes longer than NORMAL milliseconds. The output is `LOST TOTAL FAILED CALLS`.
 */
import { connect } from "../../../mod.ts";

const [kind, where = "", id = "", seconds, normal] = Deno.args;
const end = performance.now() + Number(seconds) * 1000;
let [lost, total, failed, calls] = [0, 0, 0, 0];

await Promise.all(Array.from({ length: kind === "http" ? 10 : 1 }, callUntilEnd));
console.log((lost / 1000).toFixed(1), (total / 1000).toFixed(1), failed, calls);

async function callUntilEnd(): Promise<void> {
  const call = kind === "http" ? () => fetchRecord() : await libraryCall();
  while (performance.now() < end) {
    const start = performance.now();
    calls++;
    await call().catch(() => failed++);
    lost += Math.max(0, performance.now() - start - Number(normal));
    // Not back to back, so that the processor is not what is measured.
    await new Promise((resolve) => setTimeout(resolve, 200));
    total += performance.now() - start;
  }
}

async function libraryCall(): Promise<() => Promise<unknown>> {
  const { service, context } = await connect({ environment: {}, apiServers: where.split(",") });
  return () => service.show(context, id);
}

async function fetchRecord(): Promise<void> {
  const response = await fetch(`${where}/v2/images/${id}`);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${response.status}`);
}
