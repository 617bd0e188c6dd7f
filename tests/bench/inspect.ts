/** What an inspection costs: uploads and downloads with it, against the same without it. */
import { spawned } from "./children.ts";
import { connect, getDefaultImageService } from "../../mod.ts";
import { freePort } from "../support/free_port.ts";
import { type BenchImage, randomImage } from "./bench_image.ts";
import { measure, type Peer } from "./measure.ts";
import { type Origin, startOrigin } from "./origin.ts";
import { proxyOf } from "./proxies.ts";
import { checkCount, countingSink, IMAGE_SIZE, type Report, ROUNDS } from "./report.ts";

/** The ratio to reach. */
const REACH = 0.97;

/** Rounds per round of other groups: the difference is smaller than that between two runs. */
const MORE_ROUNDS = 5;

/** Both directions, over one connection. */
export async function inspectReport(): Promise<Report> {
  await using image = await randomImage(IMAGE_SIZE);
  await using origin = await startOrigin(image);
  const port = freePort();
  const args = ["run", "-A", `${import.meta.dirname}/glance_sink.ts`, `${port}`];
  const child = spawned(new Deno.Command(Deno.execPath(), { args, stdout: "null" }));
  await using sink = await proxyOf("sink", port, child);
  const jobs: readonly (readonly [name: string, peer: (isInspected: boolean) => Peer])[] = [
    ["upload, inspected", (isInspected) => uploadOf(sink.url, image, isInspected)],
    ["download to a sink, inspected", (isInspected) => downloadOf(origin, isInspected)],
  ];
  const rounds = MORE_ROUNDS * ROUNDS;
  const results = [];
  for (const [name, peer] of jobs) {
    const [ours, against] = [peer(true), peer(false)];
    results.push(await measure({ name, ours, against, reach: REACH, rounds }));
  }
  return { results };
}

function uploadOf(url: string, { path }: BenchImage, isInspected: boolean): Peer {
  return {
    name: isInspected ? "inspect: match" : "inspect: off",
    async run() {
      using connection = await connect({
        apiServers: [url],
        authStrategy: "noauth",
        environment: {},
      });
      const { readable } = await Deno.open(path);
      const meta = { diskFormat: "raw", containerFormat: "bare" };
      const options = { inspect: isInspected ? "match" : "off" } as const;
      await connection.service.create(connection.context, meta, readable, options);
    },
  };
}

function downloadOf({ url, imageId, size }: Origin, isInspected: boolean): Peer {
  return {
    name: isInspected ? "onInspection" : "not inspected",
    async run() {
      const service = getDefaultImageService({ apiServers: [url], authStrategy: "noauth" });
      const { sink, count } = countingSink();
      let isReported = false;
      await service.download({}, imageId, sink as WritableStream<Uint8Array<ArrayBuffer>>, {
        verify: "off",
        reuseChunks: true,
        onInspection: isInspected ? () => void (isReported = true) : undefined,
      });
      checkCount(count(), size);
      if (isReported !== isInspected) throw new Error("The inspection is missing");
    },
  };
}
