/** `--inspect` from the command line to a Glance that refuses nothing: files, URLs, and a gateway. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { serve } from "../../lib/cli/server/serve.ts";
import { runStart } from "../../lib/cli/start.ts";
import { qcow2 } from "../formats/image_builder.ts";
import { vmdkStream } from "../formats/images/vmdk_images.ts";
import { CliHarness, embedded, type Fetch } from "./harness.ts";
import { MemoryFiles } from "./memory_files.ts";
import { StartHarness } from "./start_harness.ts";

/** The footer of these VMDKs is after the bytes that are inspected before the upload. */
const LENGTH = 700_000 - 700_000 % 512;
const UNSAFE = qcow2([[8, [0, 0, 0, 0, 0, 0, 0, 16]]]);

const FILES: Readonly<Record<string, Uint8Array>> = {
  "good.vmdk": vmdkStream({}, { length: LENGTH }),
  "bad.vmdk": vmdkStream({ version: 2 }, { length: LENGTH }),
  "unsafe.qcow2": UNSAFE,
  "disk.raw": new Uint8Array(300_000),
};

/** A Glance that accepts all data, and a web server with the compressed files. */
async function cloud(): Promise<CliHarness> {
  const glance = embedded({ version: "2.16" });
  const compressed = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [name, bytes] of Object.entries(FILES)) {
    const stream = new Blob([bytes.slice()]).stream().pipeThrough(new CompressionStream("gzip"));
    compressed.set(`/${name}.gz`, await new Response(stream).bytes());
  }
  const fetch: Fetch = async (request) => {
    const { host, pathname } = new URL(request.url);
    return host === "mirror.test" ? new Response(compressed.get(pathname)) : await glance(request);
  };
  return new CliHarness(fetch);
}

/** File, disk format, `--inspect`, and the cause of the refusal; undefined if the image is created. */
const CASES: readonly (readonly [file: string, format: string, inspect: string, cause?: string])[] =
  [
    ["good.vmdk", "vmdk", "match"],
    ["bad.vmdk", "vmdk", "match", "its footer and its header differ"],
    ["bad.vmdk", "vmdk", "safe", "its footer and its header differ"],
    ["bad.vmdk", "vmdk", "off"],
    ["unsafe.qcow2", "qcow2", "match", "it has a backing file"],
    ["unsafe.qcow2", "raw", "safe", "it has a backing file"],
    ["unsafe.qcow2", "qcow2", "off"],
    ["disk.raw", "qcow2", "match", "the data is raw"],
    ["disk.raw", "qcow2", "safe"],
  ];

for (const source of ["--file", "--from"]) {
  Deno.test(`image-create ${source} refuses what --inspect excludes, and leaves no image`, async (t) => {
    for (const [file, format, inspect, cause] of CASES) {
      await t.step(`${file} as ${format}, --inspect ${inspect}`, async () => {
        const harness = await cloud();
        const name = source === "--file" ? file : `http://mirror.test/${file}.gz`;
        const flags = ["--disk-format", format, "--inspect", inspect, "--json"];
        const args = ["image-create", "--name", "disk", source, name, ...flags];
        const { code, stdout, stderr } = await harness.run(args, { files: new MemoryFiles(FILES) });
        const list = await harness.run(["image-list", "--json"]);
        const images = JSON.parse(list.stdout).length;
        if (cause === undefined) {
          assertEquals([code, images, stderr], [0, 1, ""]);
          assertEquals(JSON.parse(stdout).size, FILES[file]?.byteLength);
          return;
        }
        assertEquals([code, images], [1, 0], stderr);
        assertStringIncludes(stderr, cause);
      });
    }
  });
}

Deno.test("start --inspect refuses uploads through the gateway, and nothing by default", async (t) => {
  const cases = [
    ["match", "unsafe.qcow2", "qcow2", 415],
    ["match", "disk.raw", "qcow2", 415],
    ["match", "good.vmdk", "vmdk", 204],
    ["safe", "unsafe.qcow2", "qcow2", 415],
    ["safe", "disk.raw", "qcow2", 204],
    ["off", "unsafe.qcow2", "qcow2", 204],
    [undefined, "unsafe.qcow2", "qcow2", 204],
  ] as const;
  const glance = serve(embedded({ version: "2.16" }), { host: "127.0.0.1", port: 0 });
  try {
    for (const [inspect, file, disk_format, status] of cases) {
      await t.step(`${inspect ?? "default"}: ${file} as ${disk_format}`, async () => {
        const start = new StartHarness({ environment: { GLANCE_API_SERVERS: glance.url } });
        const flags = inspect === undefined ? [] : ["--inspect", inspect];
        const code = runStart(["--port", "0", ...flags], start.system);
        const url = await start.url();
        const created = await fetch(`${url}/v2/images`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ disk_format, container_format: "bare" }),
        });
        const { id } = await created.json();
        const response = await fetch(`${url}/v2/images/${id}/file`, {
          method: "PUT",
          headers: { "content-type": "application/octet-stream" },
          body: FILES[file]!.slice(),
        });
        await response.body?.cancel();
        const record = await (await fetch(`${url}/v2/images/${id}`)).json();
        start.end();
        assertEquals(await code, 0);
        const expected = status === 204 ? "active" : "queued";
        assertEquals([response.status, record.status], [status, expected]);
      });
    }
  } finally {
    await glance.kill();
  }
});
