/** One image over one connection, against the least work that a download needs. */
import { createHash } from "node:crypto";
import { type DownloadOptions, getDefaultImageService } from "../../mod.ts";
import { randomImage } from "./bench_image.ts";
import { type Job, measure } from "./measure.ts";
import { type Origin, startOrigin } from "./origin.ts";
import { checkCount, countingSink, IMAGE_SIZE, type Report, ROUNDS, shell } from "./report.ts";

const CHUNK = 256 * 1024;

/** Plain and verified, from nginx. */
export async function downloadReport(): Promise<Report> {
  await using image = await randomImage(IMAGE_SIZE);
  await using origin = await startOrigin(image);
  const results = [];
  for (const job of jobsOn(origin)) results.push(await measure({ ...job, rounds: ROUNDS }));
  return { results };
}

function jobsOn(origin: Origin): Omit<Job, "rounds">[] {
  const url = `${origin.url}/v2/images/${origin.imageId}/file`;
  const toSink = (verify: NonNullable<DownloadOptions["verify"]>) => ({
    name: "service",
    run: () => readIntoSink(origin, verify),
  });
  return [
    {
      name: "download, verify off, BYOB",
      ours: { name: "service", run: () => readByService(origin) },
      against: { name: "bare BYOB loop", run: () => readBare(url, origin.size, () => {}) },
      reach: 0.85,
    },
    {
      name: "download to a sink, chunks reused, sha512",
      ours: toSink("required"),
      against: { name: "BYOB loop + node:crypto", run: () => hashBare(url, origin.size) },
      reach: 0.95,
    },
    {
      name: "download to a sink, chunks reused, sha512",
      ours: toSink("required"),
      against: { name: "curl | sha512sum", run: () => shell(`curl -s ${url} | sha512sum`) },
      reach: 1.3,
    },
    {
      name: "download to a sink, chunks reused, verify off",
      ours: toSink("off"),
      against: { name: "curl -o /dev/null", run: () => shell(`curl -s -o /dev/null ${url}`) },
      reach: 0.85,
    },
  ];
}

async function readByService({ url, imageId, size }: Origin): Promise<void> {
  const service = getDefaultImageService({ apiServers: [url], authStrategy: "noauth" });
  await readAll(await service.download({}, imageId, { verify: "off" }), size, () => {});
}

async function readIntoSink(
  { url, imageId, size }: Origin,
  verify: NonNullable<DownloadOptions["verify"]>,
): Promise<void> {
  const service = getDefaultImageService({ apiServers: [url], authStrategy: "noauth" });
  const { sink, count } = countingSink();
  const options = { verify, reuseChunks: true };
  await service.download({}, imageId, sink as WritableStream<Uint8Array<ArrayBuffer>>, options);
  checkCount(count(), size);
}

async function hashBare(url: string, size: number): Promise<string> {
  const hash = createHash("sha512");
  await readBare(url, size, (chunk) => hash.update(chunk));
  return hash.digest("hex");
}

async function readBare(
  url: string,
  size: number,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  const { body } = await fetch(url);
  if (body === null) throw new Error("There is no body");
  await readAll(body, size, take);
}

async function readAll(
  stream: ReadableStream<Uint8Array>,
  size: number,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  const reader = stream.getReader({ mode: "byob" });
  let memory = new Uint8Array(CHUNK);
  let count = 0;
  for (;;) {
    const { done, value } = await reader.read(memory);
    if (done) break;
    count += value.byteLength;
    take(value);
    memory = new Uint8Array(value.buffer);
  }
  checkCount(count, size);
}
