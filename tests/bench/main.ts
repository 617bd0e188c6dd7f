/**
 * The benches, as ratios within one run: `deno task bench`. `BENCH_SIZE` sets the bytes of the image
 * (1 GiB without it), `BENCH_ROUNDS` how often each rival runs (5 without it).
 */
import { createHash } from "node:crypto";
import { getDefaultImageService } from "../../mod.ts";
import { measure, type Result, tableOf } from "./measure.ts";
import { startOrigin } from "./origin.ts";

const SIZE = Number(Deno.env.get("BENCH_SIZE") ?? 2 ** 30);
const ROUNDS = Number(Deno.env.get("BENCH_ROUNDS") ?? 5);
const CALLS = 1_000;
const CHUNK = 256 * 1024;

await using origin = await startOrigin(SIZE, 18_181);
const service = getDefaultImageService({ apiServers: [origin.url], authStrategy: "noauth" });
const record = `${origin.url}/v2/images/${origin.imageId}`;
const data = `${record}/file`;

const results: Result[] = [
  await measure({
    name: `show, ${CALLS} times`,
    ours: { name: "service", run: () => times(CALLS, () => service.show({}, origin.imageId)) },
    against: { name: "bare fetch + JSON", run: () => times(CALLS, bareShow) },
    reach: 1 / 1.15,
    rounds: ROUNDS * 2,
  }),
  await measure({
    name: "download, verify off, BYOB",
    ours: { name: "service", run: readOurs },
    against: { name: "bare BYOB loop", run: () => readBare() },
    reach: 0.85,
    rounds: ROUNDS,
  }),
  await measure({
    name: "download to a sink, sha512",
    ours: { name: "service", run: () => pump("auto") },
    against: {
      name: "BYOB loop + node:crypto",
      run: async () => {
        const hash = createHash("sha512");
        await readBare((chunk) => hash.update(chunk));
        return hash.digest("hex");
      },
    },
    reach: 0.95,
    rounds: ROUNDS,
  }),
  await measure({
    name: "download to a sink, sha512",
    ours: { name: "service", run: () => pump("auto") },
    against: { name: "curl | sha512sum", run: () => shell(`curl -s ${data} | sha512sum`) },
    reach: 1.3,
    rounds: ROUNDS,
  }),
  await measure({
    name: "download to a sink, verify off",
    ours: { name: "service", run: () => pump("off") },
    against: { name: "curl -o /dev/null", run: () => shell(`curl -s -o /dev/null ${data}`) },
    reach: 0.85,
    rounds: ROUNDS,
  }),
];

console.log(
  `${(SIZE / 2 ** 20).toFixed(0)} MiB from nginx on loopback, medians of ${ROUNDS} rounds`,
);
console.log(tableOf(results));

async function times(count: number, run: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i++) await run();
}

async function bareShow(): Promise<unknown> {
  const response = await fetch(record, { headers: { accept: "application/json" } });
  return await response.json();
}

async function readBare(take: (chunk: Uint8Array) => void = () => {}): Promise<void> {
  const { body } = await fetch(data);
  await readAll(body as ReadableStream<Uint8Array>, take);
}

async function readOurs(): Promise<void> {
  await readAll(await service.download({}, origin.imageId, { verify: "off" }), () => {});
}

async function readAll(
  stream: ReadableStream<Uint8Array>,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  const reader = stream.getReader({ mode: "byob" });
  let memory = new Uint8Array(CHUNK);
  let total = 0;
  for (;;) {
    const { done, value } = await reader.read(memory);
    if (done) break;
    total += value.byteLength;
    take(value);
    memory = new Uint8Array(value.buffer);
  }
  if (total !== origin.size) throw new Error(`${total} bytes instead of ${origin.size}`);
}

async function pump(verify: "auto" | "off"): Promise<void> {
  let total = 0;
  const sink = new WritableStream<Uint8Array>({
    write: (chunk) => void (total += chunk.byteLength),
  });
  await service.download({}, origin.imageId, sink, { verify });
  if (total !== origin.size) throw new Error(`${total} bytes instead of ${origin.size}`);
}

async function shell(command: string): Promise<void> {
  const { success } = await new Deno.Command("bash", { args: ["-c", command], stdout: "null" })
    .output();
  if (!success) throw new Error(`failed: ${command}`);
}
