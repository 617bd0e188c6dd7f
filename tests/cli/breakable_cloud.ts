/** A cloud with one image, whose network can be cut during a download. */
import { assertEquals } from "@std/assert";
import { sampleBytes } from "../../lib/cli/server/sample.ts";
import {
  CliHarness,
  type CliHarnessOptions,
  embedded,
  type Fetch,
  type Outcome,
} from "./harness.ts";
import { MemoryFiles } from "./memory_files.ts";

export const ID = "11111111-1111-4111-8111-111111111111";
export const OTHER_ID = "22222222-2222-4222-8222-222222222222";
export const RAW = ["--disk-format", "raw", "--container-format", "bare"] as const;
export const SIZE = 300_000;
export const DISK = sampleBytes(SIZE);
/** Bytes of a chunk. */
const PIECE_SIZE = 40_000;
export const DOWNLOAD = ["image-download", ID, "--file", "x"] as const;

/** A cloud with one image whose network can be cut, and that records its requests. */
export class BreakableCloud {
  readonly harness: CliHarness;
  /** The `Range` headers of all reads of data; null if there was none. */
  readonly ranges: (string | null)[] = [];
  /** Bytes of data until the network fails. */
  left: number = Infinity;
  /** Called after each delivered chunk. */
  onChunk: () => void = () => {};
  /** A proxy in front of Glance. */
  change: (response: Response, request: Request) => Response | Promise<Response> = (response) =>
    response;
  readonly #glance: Fetch;

  private constructor(glance: Fetch) {
    this.#glance = glance;
    this.harness = new CliHarness((request) => this.#fetch(request));
  }

  static async create(): Promise<BreakableCloud> {
    const cloud = new BreakableCloud(embedded());
    const files = new MemoryFiles({ "disk.img": DISK });
    const create = ["image-create", "--id", ID, "--name", "disk", ...RAW, "--file", "disk.img"];
    assertEquals((await cloud.harness.run(create, { files })).code, 0);
    return cloud;
  }

  /** Downloads to `x`; without a network, for a second. */
  async download(
    files: MemoryFiles,
    flags: readonly string[] = [],
    options: CliHarnessOptions = {},
  ): Promise<Outcome> {
    const words = [...DOWNLOAD, "--stall-timeout", "1", ...flags];
    return await this.harness.run(words, { ...options, files });
  }

  /** A download that loses its network after `bytes`. */
  async breakOff(bytes: number, flags: readonly string[] = []): Promise<MemoryFiles> {
    const files = new MemoryFiles();
    this.left = bytes;
    const { code } = await this.download(files, flags);
    this.left = Infinity;
    assertEquals(code, 1);
    this.ranges.length = 0;
    return files;
  }

  async #fetch(request: Request): Promise<Response> {
    if (this.left <= 0) throw new TypeError("network is unreachable");
    const response = await this.change(await this.#glance(request), request);
    if (request.method !== "GET" || !request.url.endsWith("/file")) return response;
    this.ranges.push(request.headers.get("range"));
    return new Response(response.body === null ? null : this.#wire(response.body), response);
  }

  /** The same bytes in small pieces, until the network fails. */
  #wire(body: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> {
    const reader = body.getReader();
    let chunk = new Uint8Array();
    return new ReadableStream({
      pull: async (controller) => {
        if (chunk.byteLength === 0) {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          chunk = value;
        }
        if (this.left <= 0) {
          await reader.cancel();
          return controller.error(new TypeError("connection reset"));
        }
        const piece = chunk.slice(0, Math.min(PIECE_SIZE, this.left));
        chunk = chunk.subarray(piece.byteLength);
        this.left -= piece.byteLength;
        controller.enqueue(piece);
        this.onChunk();
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 });
  }
}

/** A complete file has no partial file next to it. */
export function assertWhole(files: MemoryFiles): void {
  assertEquals(files.content.get("x"), DISK);
  assertEquals([...files.content.keys()], ["x"]);
  assertEquals([...files.left], []);
}
