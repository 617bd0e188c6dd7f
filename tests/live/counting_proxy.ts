/** An HTTP proxy in front of a Glance server that counts the bytes of image data which it sends. */

export class CountingProxy implements AsyncDisposable {
  readonly url: string;
  /** Bytes of data that were read from Glance, by the id of the image. */
  readonly sent = new Map<string, number>();
  readonly #server: Deno.HttpServer;

  constructor(target: string) {
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} } as const;
    const server = Deno.serve(options, (request) => this.#forward(target, request));
    this.#server = server;
    this.url = `http://127.0.0.1:${server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #forward(target: string, request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const { method, headers, body, signal } = request;
    const response = await fetch(target + pathname + search, { method, headers, body, signal });
    const [, id] = /\/images\/([^/]+)\/file$/.exec(pathname) ?? [];
    if (id === undefined || response.body === null) return response;
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        this.sent.set(id, (this.sent.get(id) ?? 0) + chunk.byteLength);
        controller.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(counted), response);
  }
}
