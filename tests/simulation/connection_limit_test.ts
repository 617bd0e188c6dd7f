/** Downloads over more connections than a server accepts. */
import { assert, assertEquals } from "@std/assert";
import { getDefaultImageService } from "../../mod.ts";
import { SimulatedCluster } from "../../lib/testing/mod.ts";

const MIB = 1024 * 1024;

/** Size in bytes of the image: 24 s at the bandwidth of the server. */
const SIZE = 24 * MIB;

/** Number of connections, of those that the server accepts, and of requests for data at most. */
const CASES: readonly (readonly [connections: number | "auto", limit: number, requests: number])[] =
  [
    [4, 1, 1 + 3],
    [8, 1, 1 + 7],
    ["auto", 1, 1 + 7],
    [4, 2, 1 + 3 + 12],
    [8, 3, 1 + 7 + 16],
  ];

for (const [connections, bodyLimit, most] of CASES) {
  Deno.test(`download() over ${connections} connections does not wait when a server accepts ${bodyLimit}`, async () => {
    const cluster = new SimulatedCluster({
      servers: 1,
      size: SIZE,
      bodyLimit,
      links: [{ server: 0, bandwidth: MIB, latency: 30 }],
    });
    const { clock, context, imageId } = cluster;
    const service = getDefaultImageService(cluster.options);
    const download = async () => {
      const stream = await service.download(context, imageId, { connections });
      return new Uint8Array(await new Response(stream).arrayBuffer());
    };
    assertEquals(await clock.run(download()), cluster.image);
    const requests = cluster.requests.filter(({ path }) => path.endsWith("/file"));
    assert(requests.length <= most, `${requests.length} requests for data`);
    assert(clock.now() < 25_500, `It took ${clock.now()} ms`);
    assertEquals([clock.pending, cluster.openBodies], [0, 0]);
  });
}
