/** `image-stage` and `image-create-via-import`. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Interrupted } from "../../../lib/cli/system/errors.ts";
import { CliHarness, embedded, type Fetch, responding } from "../harness.ts";
import { MemoryFiles } from "../memory_files.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const RAW = "--disk-format raw --container-format bare";
const DATA = "the bytes of a disk";

function files(): MemoryFiles {
  return new MemoryFiles({ "disk.img": DATA });
}

async function show(harness: CliHarness): Promise<Record<string, unknown> | null> {
  const { code, stdout } = await harness.run(["image-show", ID, "--json"]);
  return code === 0 ? JSON.parse(stdout) : null;
}

/** The embedded Glance, with given responses to some requests, such as `POST import`. */
function harnessRejecting(responses: Readonly<Record<string, number>>): CliHarness {
  const glance = embedded();
  const fetch: Fetch = async (request) => {
    const status = responses[`${request.method} ${request.url.split("/").at(-1)}`];
    if (status === undefined) return await glance(request);
    await request.body?.cancel();
    return new Response("no", { status });
  };
  return new CliHarness(fetch);
}

Deno.test("image-stage stages the data for image-import and prints nothing", async () => {
  for (const options of [{ files: files() }, { stdin: new TextEncoder().encode(DATA) }]) {
    const harness = new CliHarness();
    await harness.run(`image-create --id ${ID} --name disk ${RAW}`.split(" "));
    const file = "files" in options ? ["--file", "disk.img"] : [];
    const outcome = await harness.run(["image-stage", "disk", ...file], options);
    assertEquals([outcome.code, outcome.stdout, outcome.stderr], [0, "", ""]);
    assertEquals((await show(harness))?.["status"], "uploading");
    assertEquals((await harness.run(["image-import", "disk"])).code, 0);
    const { bytes } = await harness.run(["image-download", "disk"]);
    assertEquals(new TextDecoder().decode(bytes), DATA);
  }
});

Deno.test("image-stage sends nothing when the size differs", async () => {
  const harness = new CliHarness();
  await harness.run(`image-create --id ${ID} ${RAW}`.split(" "));
  const { code, stderr } = await harness.run(
    ["image-stage", ID, "--file", "disk.img", "--size", "7"],
    { files: files() },
  );
  assertEquals(code, 1);
  assertStringIncludes(stderr, "does not have the announced 7 bytes");
});

Deno.test("image-stage fails with a hint when there is no data", async () => {
  for (const stdin of ["terminal", "nothing"] as const) {
    const { code, stderr } = await new CliHarness().run(["image-stage", ID], { stdin });
    assertEquals([code, stderr], [
      2,
      "Cannot stage an image: there is no data; name a file with --file, or redirect one (< FILE)\n",
    ]);
  }
});

Deno.test("image-create-via-import stages the data and requests its import", async () => {
  for (
    const [flags, options] of [
      ["--file disk.img", { files: files() }],
      ["--import-method glance-direct --file disk.img", { files: files() }],
      ["", { stdin: new TextEncoder().encode(DATA) }],
      ["--import-method glance-direct --file -", { stdin: new TextEncoder().encode(DATA) }],
    ] as const
  ) {
    const harness = new CliHarness();
    const line = `image-create-via-import --id ${ID} --name disk ${RAW} ${flags} --tags a b`;
    const { code, stdout, stderr } = await harness.run(line.trim().split(/ +/), options);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, `| id                            | ${ID} `);
    assertStringIncludes(stdout, '["a", "b"]');
    assertEquals((await show(harness))?.["size"], DATA.length);
  }
});

Deno.test("image-create-via-import lets Glance fetch data from a URL or another region", async () => {
  const { harness, requests } = responding({
    "GET /v2/info/import": { "import-methods": { value: ["web-download", "glance-direct"] } },
    "GET /v2/info/stores": { stores: [{ id: "fast" }] },
    [`POST /v2/images/${ID}/import`]: null,
  });
  const line =
    `image-create-via-import --id ${ID} --name disk ${RAW} --uri http://web/disk --store fast`;
  const environment = {
    GLANCE_API_SERVERS: "glance.test:9292",
    OS_IMAGE_IMPORT_METHOD: "web-download",
  };
  const { code, stderr } = await harness.run(line.split(" "), { environment });
  assertEquals([code, stderr], [0, ""]);
  const sent = requests.filter(({ method }) => method === "POST").map(({ path, body }) =>
    [path, JSON.parse(body)] as const
  );
  assertEquals(sent[0]?.[0], "/v2/images");
  assertEquals(Object.keys(sent[0]?.[1]).sort(), ["container_format", "disk_format", "id", "name"]);
  assertEquals(sent[1], [`/v2/images/${ID}/import`, {
    method: { name: "web-download", uri: "http://web/disk" },
    stores: ["fast"],
  }]);
});

Deno.test("image-create-via-import creates only the record when there is neither data nor a method", async () => {
  for (const stdin of ["terminal", "nothing", new Uint8Array()] as const) {
    const harness = new CliHarness();
    const line = `image-create-via-import --id ${ID} --name disk`;
    const { code, stdout } = await harness.run(line.split(" "), { stdin });
    assertEquals(code, 0);
    assertStringIncludes(stdout, "| status           | queued ");
  }
});

Deno.test("image-create-via-import rejects flags that exclude each other, before it creates an image", async (t) => {
  const raw = `${RAW} `;
  const cases: readonly (readonly [flags: string, says: string])[] = [
    [
      `${raw}--import-method copy-image --stores a`,
      'Cannot create an image by "copy-image": this method copies existing images; see "glance-edge help image-import"',
    ],
    [
      `${raw}--import-method web-download`,
      'Cannot import by "web-download": --uri is missing; add it',
    ],
    [
      `${raw}--import-method web-download --uri u --file disk.img`,
      'Cannot use --file: the import method is "web-download" and must be "glance-direct"; correct --import-method',
    ],
    [
      "--import-method web-download --uri u",
      'Cannot import by "web-download": its format is missing; add --disk-format and --container-format',
    ],
    [
      `${raw}--import-method glance-direct --uri u --file disk.img`,
      'Cannot use --uri: the import method is "glance-direct" and must be "web-download"; correct --import-method',
    ],
    [
      `${raw}--uri u`,
      "Cannot use --uri: there is nothing to import; add --file or --import-method",
    ],
    [
      `${raw}--all-stores`,
      "Cannot use --all-stores: there is nothing to import; add --file or --import-method",
    ],
    [
      `${raw}--import-method glance-direct`,
      'Cannot import by "glance-direct": there is no data; name a file with --file, or redirect one (< FILE)',
    ],
    [
      `${raw}--file disk.img --store a --stores b`,
      "Cannot use --store together with --stores: each chooses the stores; leave one of them out",
    ],
    [
      "--file disk.img --container-format ova",
      'Cannot stage "disk.img": its format is missing; add --disk-format',
    ],
    [
      `${raw}--import-method glance-download --remote-region R`,
      'Cannot import by "glance-download": --remote-image-id is missing; add it',
    ],
  ];
  for (const [flags, message] of cases) {
    await t.step(flags, async () => {
      const { harness, requests } = responding({});
      const line = `image-create-via-import ${flags}`;
      const { code, stdout, stderr } = await harness.run(line.split(" "), { files: files() });
      assertEquals([code, stdout, stderr, requests], [2, "", `${message}\n`, []]);
    });
  }
});

Deno.test("image-create-via-import creates no image when the cloud does not have the method or the store", async () => {
  for (
    const [flags, says] of [
      ["--import-method teleport", 'Cannot import by "teleport": this cloud offers "'],
      ["--file disk.img --store moon", 'Cannot use the store "moon": this cloud has "'],
    ] as const
  ) {
    const harness = new CliHarness();
    const line = `image-create-via-import --id ${ID} ${RAW} ${flags}`;
    const { code, stderr } = await harness.run(line.split(" "), { files: files() });
    assertEquals([code, await show(harness)], [1, null]);
    assertStringIncludes(stderr, says);
  }
});

Deno.test("image-create-via-import leaves no image when staging fails", async () => {
  const harness = harnessRejecting({ "PUT stage": 413 });
  const line = `image-create-via-import --id ${ID} ${RAW} --file disk.img`;
  const { code, stdout, stderr } = await harness.run(line.split(" "), { files: files() });
  assertEquals([code, stdout, await show(harness)], [1, "", null]);
  assertStringIncludes(stderr, `Cannot stage image "${ID}"`);
});

Deno.test("image-create-via-import keeps the staged data and prints a hint when the import is rejected", async () => {
  const harness = harnessRejecting({ "POST import": 403 });
  const line = `image-create-via-import --id ${ID} ${RAW} --file disk.img`;
  const { code, stdout, stderr } = await harness.run(line.split(" "), { files: files() });
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, `Cannot import image "${ID}"`);
  assertStringIncludes(
    stderr,
    `; the data of the image is staged: continue with "glance-edge image-import ${ID}", or discard it with "glance-edge image-delete ${ID}"\n`,
  );
  assertEquals((await show(harness))?.["status"], "uploading");
});

Deno.test("image-create-via-import leaves no image when it is interrupted while it stages", async () => {
  const ended = new AbortController();
  const glance = embedded();
  const harness = new CliHarness(async (request) => {
    if (!request.url.endsWith("/stage")) return await glance(request);
    ended.abort(new Interrupted("SIGINT"));
    return await glance(request);
  });
  const line = `image-create-via-import --id ${ID} ${RAW} --file disk.img`;
  const { signal } = ended;
  const outcome = await harness.run(line.split(" "), { files: files(), signal });
  assertEquals([outcome.code, outcome.stdout, outcome.stderr], [130, "", ""]);
  assertEquals(await show(harness), null);
});
