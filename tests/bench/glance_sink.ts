/** A Glance that discards the data of its only image: `glance_sink.ts PORT`. */
const ID = "7d0c1f5e-0c3a-4a0f-9d55-4b1f8a6b2c11";

let size = 0;
let status = "queued";

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.args[0]) }, async (request) => {
  if (request.method === "PUT") {
    let count = 0;
    for await (const chunk of request.body ?? []) count += chunk.byteLength;
    [size, status] = [count, "active"];
    return new Response(null, { status: 204 });
  }
  if (request.method === "POST") [size, status] = [0, "queued"];
  const record = {
    id: ID,
    status,
    size,
    os_hash_algo: null,
    os_hash_value: null,
    checksum: null,
    visibility: "shared",
    tags: [],
    properties: {},
  };
  return Response.json(record, { status: request.method === "POST" ? 201 : 200 });
});
