/**
 * Test support for code that uses this package: a simulated cluster of Glance servers, reached by an injected fetch, with
 * planned faults and a simulated clock. A seed determines all random values, so failures are reproducible.
 *
 * @example A server that fails in the middle of an image
 * ```ts
 * import { getDefaultImageService } from "@glance-edge/glance";
 * import { SimulatedCluster } from "@glance-edge/glance/testing";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const cluster = new SimulatedCluster({ servers: 2, plan: [{ kind: "cut", at: 0.5 }] });
 * const service = getDefaultImageService(cluster.options);
 * const download = async () => {
 *   const stream = await service.download(cluster.context, cluster.imageId);
 *   return new Uint8Array(await new Response(stream).arrayBuffer());
 * };
 * assertEquals(await cluster.clock.run(download()), cluster.image);
 * assertEquals([cluster.openBodies, cluster.clock.pending], [0, 0]);
 * assert(cluster.requests.some(({ range }) => range !== null));
 * ```
 *
 * @module
 */

export { type ClusterOptions, SimulatedCluster } from "./cluster.ts";
export type { ReceivedRequest } from "./responses.ts";
export { type Fault, type FaultKind, type Outage, randomFault, RECOVERABLE } from "./faults.ts";
export type { LinkChange } from "./links.ts";
export { SimulatedClock } from "./clock.ts";
export { between, pick, seededBytes, seededRandom } from "./seed.ts";
