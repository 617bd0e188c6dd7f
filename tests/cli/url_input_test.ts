/** `image-inspect URL`: the requests, and the responses of web servers. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { qcow2, vhdx, vmdkWithFooter } from "../formats/image_builder.ts";
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

/** A server with ranges of a file, and the ranges that were requested. */
async function inspectRanges(
  file: Uint8Array,
  change: (response: Response, count: number) => Response = (response) => response,
) {
  let count = 0;
  const ranges: (string | null)[] = [];
  const harness = new CliHarness((request) => {
    const range = request.headers.get("range");
    ranges.push(range);
    const [, start = "0", end = "0"] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
    const last = Math.min(Number(end), file.byteLength - 1);
    const headers = {
      "content-range": `bytes ${start}-${last}/${file.byteLength}`,
      "etag": '"one"',
    };
    const bytes = file.slice(Number(start), last + 1);
    const response = new Response(bytes, { status: 206, headers });
    return Promise.resolve(change(response, ++count));
  });
  const args = ["image-inspect", "--json", URL_OF_DISK];
  const { code, stdout, stderr } = await harness.run(args, { environment: {} });
  return { code, stderr, stdout, ranges, result: JSON.parse(stdout || "{}") };
}

/** A VMDK of 5 MiB whose footer is at its end. */
function longVmdk(): Uint8Array {
  const image = vmdkWithFooter();
  const long = new Uint8Array(5 * 1024 ** 2);
  long.set(image.subarray(0, image.byteLength - 1536));
  long.set(image.subarray(image.byteLength - 1536), long.byteLength - 1536);
  return long;
}

Deno.test("image-inspect requests only the parts of a URL that the format requires", async () => {
  const large = new Uint8Array(5_000_000);
  large.set(qcow2());
  const cases = [
    [large, "qcow2", ["0-65535"]],
    [longVmdk(), "vmdk", ["0-65535", "5241344-5242879"]],
    [vhdx(), "vhdx", ["0-65535", "196608-262143", "1048576-1114111", "1114120-1114127"]],
    [new Uint8Array(100), "raw", ["0-65535"]],
  ] as const;
  for (const [file, format, expected] of cases) {
    const { code, result, ranges, stdout, stderr } = await inspectRanges(file);
    assertEquals([code, result.format, result.size], [0, format, file.byteLength], stderr);
    assertEquals(ranges, expected.map((range) => `bytes=${range}`));
    assertEquals([result.unchecked, result.source], [[], { kind: "url", name: SHOWN }]);
    assert(!stdout.includes("secret") && !stdout.includes("hidden"));
  }
});

Deno.test("image-inspect does not join parts of two versions of a file on the web, or other bytes", async (t) => {
  const changed = "it changed while it was read; try again";
  const other = "the server sent other bytes than requested; download the file, and inspect that";
  const cut = "the connection closed before the end; try again";
  const cases: Readonly<Record<string, readonly [(response: Response) => Response, string]>> = {
    "another entity tag": [(response) => changedTo(response, { "etag": '"two"' }), changed],
    "another size": [
      (response) => changedTo(response, { "content-range": "bytes 5241344-5242879/6000000" }),
      changed,
    ],
    "the whole file": [() => new Response(longVmdk().slice()), changed],
    "another range": [
      (response) => changedTo(response, { "content-range": "bytes 0-1535/5242880" }),
      other,
    ],
    "fewer bytes": [({ headers }) => new Response("x", { status: 206, headers }), cut],
    "a web page": [
      () => new Response("<html>", { headers: { "content-type": "text/html; charset=utf-8" } }),
      "the server sent a web page (text/html) instead of a file; open the URL in a browser, and use that of the file",
    ],
  };
  for (const [name, [change, cause]] of Object.entries(cases)) {
    await t.step(name, async () => {
      const { code, stderr } = await inspectRanges(longVmdk(), (response, count) => {
        return count === 1 ? response : change(response);
      });
      assertEquals([code, stderr], [1, `Cannot read "${SHOWN}": ${cause}\n`]);
    });
  }
});

function changedTo(response: Response, headers: Readonly<Record<string, string>>): Response {
  const all = new Headers(response.headers);
  for (const [name, value] of Object.entries(headers)) all.set(name, value);
  return new Response(response.body, { status: response.status, headers: all });
}

Deno.test("image-inspect reads a stream if the server states no size of the file", async () => {
  const ranges: (string | null)[] = [];
  const harness = new CliHarness((request) => {
    const range = request.headers.get("range");
    ranges.push(range);
    const headers = { "content-range": "bytes 0-65535/*" };
    const response = range === null
      ? new Response(vhdx().slice())
      : new Response(vhdx().slice(0, 65_536), { status: 206, headers });
    return Promise.resolve(response);
  });
  const { stdout } = await harness.run(["image-inspect", "--json", URL_OF_DISK]);
  const { format, size, is_safe } = JSON.parse(stdout);
  assertEquals([format, size, is_safe], ["vhdx", null, true]);
  assertEquals(ranges, ["bytes=0-65535", null]);
});

Deno.test("image-inspect follows redirects of a URL, but not to http or in a circle", async () => {
  const moved = (location: string) => new Response(null, { status: 302, headers: { location } });
  const toHttp = await inspect(() => moved("http://web.test/disk.qcow2?token=hidden"));
  assertEquals([toHttp.code, toHttp.requests.length], [1, 1]);
  assertEquals(
    toHttp.stderr,
    `Cannot read "${SHOWN}": the server redirects from https to "http://web.test/disk.qcow2", whose data can be changed on the way; use an https mirror\n`,
  );
  const toItself = await inspect(() => moved("/disk.qcow2?token=hidden"));
  assertEquals([toItself.code, toItself.requests.length], [1, 1]);
  assertStringIncludes(toItself.stderr, `the server redirects "${SHOWN}" to itself`);
  const responses = [moved("https://other.test/disk"), new Response(qcow2().slice())];
  const followed = await inspect(() => responses.shift()!);
  assertEquals([followed.code, followed.result.format], [0, "qcow2"]);
  const sent = followed.requests.map(({ url, headers }) => [url, headers.get("authorization")]);
  assertEquals(sent, [
    ["https://web.test/disk.qcow2?token=hidden", `Basic ${btoa("me:secret")}`],
    ["https://other.test/disk", null],
  ]);
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
      `Cannot read "${SHOWN}": the server responded with 404; check the URL`,
    ],
    "an unreachable server": [
      () => Promise.reject(new TypeError(`error for url (${URL_OF_DISK})`)),
      `Cannot read "${SHOWN}": error; check the URL`,
    ],
    "a broken connection": [
      () => new Response(new ReadableStream({ pull: (c) => c.error(new TypeError("reset")) })),
      `Cannot read "${SHOWN}": reset; check the URL`,
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
