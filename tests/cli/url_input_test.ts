/** `image-inspect URL`: the requests, and the responses of web servers. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { qcow2 } from "../formats/image_builder.ts";
import { CliHarness } from "./harness.ts";

const URL_OF_DISK = "https://me:secret@web.test/disk.qcow2?token=hidden";
const SHOWN = "https://web.test/disk.qcow2";

/** The result of the command for one response, and the request. */
async function inspect(response: () => Response | Promise<Response>, url = URL_OF_DISK) {
  const requests: Request[] = [];
  const harness = new CliHarness((request) => {
    requests.push(request);
    return Promise.resolve(response());
  });
  const args = ["image-inspect", "--json", url];
  const { code, stdout, stderr } = await harness.run(args, { environment: {} });
  return { code, stderr, stdout, requests, result: JSON.parse(stdout || "{}") };
}

Deno.test("image-inspect requests the first 256 KiB of a URL", async () => {
  const headers = { "content-range": "bytes 0-65535/5000000" };
  const { code, result, requests, stdout, stderr } = await inspect(() =>
    new Response(new Blob([qcow2().slice()]), { status: 206, headers })
  );
  assertEquals([code, result.format, result.size], [0, "qcow2", 5_000_000], stderr);
  assertEquals(requests.map((one) => one.headers.get("range")), ["bytes=0-262143"]);
  assertEquals(result.source, { kind: "url", name: SHOWN });
  assert(!stdout.includes("secret") && !stdout.includes("hidden"));
});

Deno.test("image-inspect cancels the response of a server without ranges", async () => {
  let [pulled, isCanceled] = [0, false];
  const body = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(pulled++ === 0 ? qcow2() : new Uint8Array(65_536));
      },
      cancel() {
        isCanceled = true;
      },
    }, { highWaterMark: 0 });
  const { code, result } = await inspect(() =>
    new Response(body(), { headers: { "content-length": "1000000000" } })
  );
  assertEquals([code, result.format, result.size], [0, "qcow2", 1_000_000_000]);
  assertEquals([pulled <= 5, isCanceled], [true, true]);
});

Deno.test("image-inspect states no size if the server states none, or encodes the data", async () => {
  for (const headers of [{}, { "content-length": "9", "content-encoding": "gzip" }]) {
    const { code, result } = await inspect(() =>
      new Response(new Blob([qcow2().slice()]), { headers })
    );
    assertEquals([code, result.format, result.size], [0, "qcow2", null]);
  }
});

Deno.test("image-inspect takes an empty file on the web for raw data", async () => {
  const unsatisfiable = { status: 416, headers: { "content-range": "bytes */0" } };
  for (const response of [new Response(null, { status: 204 }), new Response("", unsatisfiable)]) {
    const { code, result } = await inspect(() => response);
    assertEquals([code, result.format, result.size, result.virtual_size], [0, "raw", 0, 0]);
  }
});

Deno.test("image-inspect prints the cause when a URL cannot be read", async (t) => {
  const cases: Readonly<Record<string, readonly [() => Response | Promise<Response>, string]>> = {
    "a missing file": [
      () => new Response("no", { status: 404 }),
      `Cannot read "${SHOWN}": the server answered 404; check the URL`,
    ],
    "an unreachable server": [
      () => Promise.reject(new TypeError(`error for url (${URL_OF_DISK})`)),
      `Cannot read "${SHOWN}": error for url (${SHOWN})`,
    ],
    "a broken connection": [
      () => new Response(new ReadableStream({ pull: (c) => c.error(new TypeError("reset")) })),
      `Cannot read "${SHOWN}": reset`,
    ],
  };
  for (const [name, [response, message]] of Object.entries(cases)) {
    await t.step(name, async () => {
      const { code, stderr } = await inspect(response);
      assertEquals([code, stderr], [1, `${message}\n`]);
    });
  }
  await t.step("an invalid URL", async () => {
    const { code, stderr, requests } = await inspect(() => new Response(), "https://");
    assertEquals([code, requests.length], [1, 0]);
    assertStringIncludes(stderr, "it is not a valid http or https URL");
  });
});
