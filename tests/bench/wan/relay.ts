/**
 * Relays TCP from port 9292 to 9291, with faults of single connections:
 *
 *   relay.ts stalls MIB LONGEST    after about each MIB of a response, silence of 1 to LONGEST seconds
 *   relay.ts upload MIB SECONDS    after MIB of the first upload, silence of SECONDS
 */
const [kind, mib, seconds] = [Deno.args[0], Number(Deno.args[1]), Number(Deno.args[2])];
const limit = mib * 2 ** 20;

let isUploadStalled = false;

for await (const client of Deno.listen({ port: 9292 })) {
  relay(client).catch(() => {});
}

async function relay(client: Deno.TcpConn): Promise<void> {
  const server = await Deno.connect({ port: 9291 });
  const up = client.readable.pipeThrough(uploadStalls()).pipeTo(server.writable);
  const down = server.readable.pipeThrough(responseStalls()).pipeTo(client.writable);
  await Promise.all([up, down]);
}

function responseStalls(): TransformStream<Uint8Array, Uint8Array> {
  const next = () => limit * (0.5 + Math.random());
  let left = kind === "stalls" ? next() : Infinity;
  return new TransformStream({
    async transform(chunk, controller) {
      left -= chunk.byteLength;
      if (left <= 0) {
        await silence(1 + Math.random() * (seconds - 1));
        left = next();
      }
      controller.enqueue(chunk);
    },
  });
}

function uploadStalls(): TransformStream<Uint8Array, Uint8Array> {
  let left = kind === "upload" ? limit : Infinity;
  return new TransformStream({
    async transform(chunk, controller) {
      left -= chunk.byteLength;
      if (left <= 0 && !isUploadStalled) {
        isUploadStalled = true;
        await silence(seconds);
      }
      controller.enqueue(chunk);
    },
  });
}

function silence(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
