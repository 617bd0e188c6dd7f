/** Several slow servers at once. */
import { getDefaultImageService } from "../../mod.ts";
import { randomImage } from "./bench_image.ts";
import { measure, type Result, skipped } from "./measure.ts";
import { type Origin, startSlowOrigins } from "./origin.ts";
import { checkCount, countingSink, isInstalled, type Report, ROUNDS, shell } from "./report.ts";

const SERVERS = 4;

/** Bytes a second of one server. */
const RATE = 50_000_000;

/** Bytes of the image: five seconds from one server. */
const SIZE = 250_000_000;

/** Four servers against one of them, and against aria2c. */
export async function parallelReport(): Promise<Report> {
  await using image = await randomImage(SIZE);
  const origins = await startSlowOrigins(image, { count: SERVERS, rate: RATE });
  await using _process = origins[0];
  const results = [
    await measure({
      name: `download, ${SERVERS} servers of 50 MB/s, ${SERVERS} connections`,
      ours: { name: "service", run: () => readIntoSink(origins) },
      against: { name: "one of them", run: () => readIntoSink(origins.slice(0, 1)) },
      reach: 3.8,
      rounds: ROUNDS,
    }),
    await againstAria2(origins),
  ];
  return { results };
}

async function againstAria2(origins: readonly Origin[]): Promise<Result> {
  const job = "the same, to a file";
  const peer = `aria2c -x${SERVERS} -s${SERVERS}`;
  if (!await isInstalled("aria2c")) return skipped(job, peer, "aria2c is not installed");
  const directory = await Deno.makeTempDir({ prefix: "glance-bench-file-" });
  const options = `-d ${directory} -o theirs --file-allocation=none --allow-overwrite=true -q`;
  const urls = origins.map(({ url, imageId }) => `${url}/v2/images/${imageId}/file`).join(" ");
  try {
    return await measure({
      name: job,
      ours: { name: "service", run: () => readIntoFile(origins, `${directory}/ours`) },
      against: { name: peer, run: () => shell(`${peer} ${options} ${urls}`) },
      reach: 1,
      rounds: ROUNDS,
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function readIntoSink(origins: readonly Origin[]): Promise<void> {
  const { sink, count } = countingSink();
  await read(origins, sink);
  checkCount(count(), SIZE);
}

async function readIntoFile(origins: readonly Origin[], path: string): Promise<void> {
  const file = await Deno.open(path, { write: true, create: true, truncate: true });
  await read(origins, file.writable);
  checkCount((await Deno.stat(path)).size, SIZE);
}

async function read(origins: readonly Origin[], sink: WritableStream<Uint8Array>): Promise<void> {
  const apiServers = origins.map(({ url }) => url);
  const service = getDefaultImageService({ apiServers, authStrategy: "noauth" });
  const options = { connections: origins.length, reuseChunks: true };
  await service.download({}, origins[0]?.imageId ?? "", sink, options);
}
