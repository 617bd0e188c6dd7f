/** A web server on loopback that Glance imports from. */

import type { Publication } from "../contract/image_api.ts";

/** Serves bytes at a unique URL until disposed. */
export function publish(bytes: string): Publication {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(bytes),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/image`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
