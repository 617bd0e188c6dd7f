/** The gap in a download when its server stops or stalls in the middle of an image. */
import { getDefaultImageService, type GlanceImageService } from "../../mod.ts";
import { type BenchImage, randomImage } from "./bench_image.ts";
import { limited, type Result } from "./measure.ts";
import { type Origin, startOrigin } from "./origin.ts";
import { checkCount, IMAGE_SIZE, type Report, ROUNDS } from "./report.ts";

/** Milliseconds that the reader may wait for bytes after the fault is noticed. */
const AIM = 100;

const STALL_TIMEOUT = 500;

/** The gap after a stopped server, and after a stalled one. */
export async function failoverReport(): Promise<Report> {
  await using image = await randomImage(Math.min(IMAGE_SIZE, 2 ** 29));
  return { results: [await gapOf(image, "SIGKILL"), await gapOf(image, "SIGSTOP")] };
}

async function gapOf(image: BenchImage, signal: "SIGKILL" | "SIGSTOP"): Promise<Result> {
  const gaps: number[] = [];
  for (let round = 0; round < 2 * ROUNDS; round++) {
    await using first = await startOrigin(image);
    await using second = await startOrigin(image);
    gaps.push(await longestGap([first, second], signal));
  }
  const isKilled = signal === "SIGKILL";
  return limited({
    name: isKilled
      ? "gap for the reader when its server dies"
      : `the same when it falls silent, stall timeout ${STALL_TIMEOUT} ms`,
    values: gaps,
    unit: "ms",
    atMost: isKilled ? AIM : STALL_TIMEOUT + AIM,
  });
}

/** Milliseconds of the longest wait for bytes, after the server was signalled at a quarter of them. */
async function longestGap(origins: readonly Origin[], signal: Deno.Signal): Promise<number> {
  const service = serviceOf(origins);
  const [{ imageId, size }] = origins as [Origin];
  let server = "";
  const stream = await service.download({}, imageId, {
    onProgress: (progress) => void (server = progress.server),
  });
  let count = 0;
  let broken = "";
  let [last, gap] = [0, 0];
  for await (const chunk of stream) {
    const now = performance.now();
    count += chunk.byteLength;
    if (broken !== "") gap = Math.max(gap, now - last);
    if (broken === "" && count > size / 4) {
      broken = server;
      Deno.kill(origins.find(({ url }) => url === server)?.pid ?? 0, signal);
    }
    last = performance.now();
  }
  checkCount(count, size);
  if (broken === server) throw new Error(`The download did not leave "${broken}"`);
  return gap;
}

function serviceOf(origins: readonly Origin[]): GlanceImageService {
  return getDefaultImageService({
    apiServers: origins.map(({ url }) => url),
    authStrategy: "noauth",
    stallTimeout: STALL_TIMEOUT,
  });
}
