import { assertEquals, assertStringIncludes } from "@std/assert";
import { qcow2, VMDK_FOOTER, vmdkWithFooter } from "../../../formats/image_builder.ts";
import { CliHarness, embedded, type Fetch } from "../../harness.ts";
import { MemoryFiles } from "../../memory_files.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const OTHER_ID = "22222222-2222-4222-8222-222222222222";
const BARE = ["--container-format", "bare"];

/** A name of a backing file at byte 16. */
const UNSAFE = qcow2([[8, [0, 0, 0, 0, 0, 0, 0, 16]]]);
const CAUSE = "it has a backing file (backing_file); get a safe qcow2 image from its author";

function files(): MemoryFiles {
  const memory = new MemoryFiles({
    "disk.qcow2": qcow2(),
    "unsafe.qcow2": UNSAFE,
    "plain.img": "the bytes of a disk",
    "empty.img": "",
    "both": qcow2(),
    [ID]: "a file that is called like an id",
  });
  memory.directories.add("folder");
  memory.broken.set("secret.img", "EACCES");
  memory.content.set("secret.img", new Uint8Array(1));
  return memory;
}

/** The `--json` result and the exit code. */
async function inspected(harness: CliHarness, ...args: readonly string[]) {
  const { code, stdout, stderr } = await harness.run(["image-inspect", "--json", ...args], {
    files: files(),
  });
  return { code, stderr, result: JSON.parse(stdout || "{}") };
}

Deno.test("image-inspect prints what a file is", async () => {
  const { code, stdout, stderr } = await new CliHarness().run(["image-inspect", "disk.qcow2"], {
    files: files(),
  });
  assertEquals([code, stderr], [0, ""]);
  assertEquals(
    stdout,
    `\
+--------------+-----------------------+
| Property     | Value                 |
+--------------+-----------------------+
| Source       | file disk.qcow2       |
| Format       | qcow2                 |
| Size         | 65536 (64.0 KiB)      |
| Virtual size | 1073741824 (1.00 GiB) |
| Safe         | yes                   |
| Disk format  | not declared          |
| Container    | not declared          |
| Glance       | accepts it            |
| Nova         | accepts it            |
| Ironic       | accepts it            |
| Cinder       | accepts it            |
+--------------+-----------------------+
`,
  );
});

Deno.test("image-inspect exits with 1 and prints the failed checks when an image is unsafe", async () => {
  const harness = new CliHarness();
  const { code, stderr, result } = await inspected(harness, "unsafe.qcow2");
  assertEquals([code, stderr], [1, `Cannot accept "unsafe.qcow2": ${CAUSE}\n`]);
  assertEquals(result.is_safe, false);
  assertEquals(result.failures, [{ check: "backing_file", reason: "it has a backing file" }]);
  assertEquals(result.verdicts.nova.accepted, false);
  const table = await harness.run(["image-inspect", "unsafe.qcow2"], {
    files: files(),
    isTerminal: true,
  });
  assertStringIncludes(table.stdout, "| Failed checks | backing_file: it has a backing file ");
  for (const line of table.stdout.split("\n")) assertEquals(line.length <= 80, true, line);
});

Deno.test("image-inspect compares the data with --disk-format", async () => {
  const line = ["plain.img", "--disk-format", "qcow2"];
  const { code, stderr, result } = await inspected(new CliHarness(), ...line);
  assertEquals([code, stderr], [
    1,
    'Cannot accept "plain.img": its disk format is qcow2, and its data is raw; declare the disk format raw, or use the data of a qcow2 image\n',
  ]);
  assertEquals([result.format, result.virtual_size, result.disk_format], ["raw", 19, "qcow2"]);
});

Deno.test("image-inspect reads standard input to its end", async () => {
  for (const stdin of [qcow2(), UNSAFE]) {
    const { code, stdout } = await new CliHarness().run(["image-inspect", "--json", "-"], {
      stdin,
    });
    const { source, size, format } = JSON.parse(stdout);
    assertEquals([source, size, format], [{ kind: "stdin", name: "-" }, 65_536, "qcow2"]);
    assertEquals(code, stdin === UNSAFE ? 1 : 0);
  }
  const { code, stderr } = await new CliHarness().run(["image-inspect", "-"]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "Cannot read standard input: it is a terminal");
});

Deno.test("image-inspect chooses between a file and an image as documented", async (t) => {
  const { harness } = await withImages();
  const cases: readonly (readonly [source: string, kind: string, format: string])[] = [
    ["both", "file", "qcow2"],
    [ID, "image", "qcow2"],
    [`./${ID}`, "file", "raw"],
    ["folder", "image", "raw"],
    ["stored/with slash", "image", "qcow2"],
    ["empty.img", "file", "raw"],
  ];
  for (const [source, kind, format] of cases) {
    await t.step(source, async () => {
      const memory = files();
      memory.content.set(`./${ID}`, new Uint8Array(3));
      const { stdout } = await harness.run(["image-inspect", "--json", source], { files: memory });
      const result = JSON.parse(stdout);
      assertEquals([result.source.kind, result.format], [kind, format]);
    });
  }
});

Deno.test("image-inspect prints the cause when it cannot read", async (t) => {
  const { harness } = await withImages();
  const cases: Readonly<Record<string, string>> = {
    "absent.img":
      'Cannot inspect "absent.img": there is no such file, and no image with this id or name is visible to you; see "glance-edge image-list"',
    "./absent.img": 'Cannot read "./absent.img": no such file or directory; correct the path',
    "secret.img":
      'Cannot read "secret.img": permission is denied; change the permissions or the path',
    [OTHER_ID]:
      `Cannot inspect image "${OTHER_ID}": it has no data (status queued); upload its data first`,
  };
  for (const [source, message] of Object.entries(cases)) {
    await t.step(source, async () => {
      const { code, stderr } = await inspected(harness, source);
      assertEquals([code, stderr], [1, `${message}\n`]);
    });
  }
  await t.step("without a cloud", async () => {
    const { code, stderr } = await harness.run(["image-inspect", "absent"], { environment: {} });
    assertEquals(code, 1);
    assertStringIncludes(stderr, "there is no such file, and no cloud to find an image in");
  });
  await t.step("a file without a cloud", async () => {
    const options = { environment: {}, files: files() };
    assertEquals((await harness.run(["image-inspect", "disk.qcow2"], options)).code, 0);
  });
});

Deno.test("image-inspect reads the start of an image, and cancels it if the store has no ranges", async (t) => {
  const whole = new Uint8Array(2_000_000);
  whole.set(UNSAFE);
  for (const ranges of [true, false]) {
    await t.step(ranges ? "with ranges" : "without ranges", async () => {
      const { harness, pulled, requests } = await withImages(ranges, whole);
      const { code, result } = await inspected(harness, ID);
      assertEquals([code, result.format, result.size], [1, "qcow2", whole.byteLength]);
      const data = requests.filter(({ path }) => path.endsWith("/file"));
      const range = "bytes=0-65535";
      assertEquals(data.map((one) => one.range), ranges ? [range] : [range, null]);
      assertEquals(pulled.bytes <= 262_144, true, `${pulled.bytes} bytes`);
      assertEquals([pulled.closed, pulled.opened], [1, 1]);
    });
  }
});

/** A VMDK of 20 MB whose footer is at its end. */
function longVmdk(fields: Parameters<typeof vmdkWithFooter>[0] = []): Uint8Array {
  const image = vmdkWithFooter(fields);
  const long = new Uint8Array(20_000_000);
  long.set(image.subarray(0, VMDK_FOOTER));
  long.set(image.subarray(VMDK_FOOTER), long.byteLength - 1536);
  return long;
}

/** A footer with another version than the header. */
const WRONG_FOOTER: Parameters<typeof vmdkWithFooter>[0] = [[VMDK_FOOTER + 512 + 4, [9]]];

Deno.test("image-inspect reads the start and the footer of a VMDK file, and checks both", async () => {
  for (const [fields, isSafe] of [[[], true], [WRONG_FOOTER, false]] as const) {
    const memory = new MemoryFiles({ "long.vmdk": longVmdk(fields) });
    const options = { files: memory };
    const { stdout } = await new CliHarness().run(
      ["image-inspect", "--json", "long.vmdk"],
      options,
    );
    const { is_safe, failures, unchecked, bytes_read } = JSON.parse(stdout);
    assertEquals([is_safe, unchecked, bytes_read], [isSafe, [], 65_536 + 1536]);
    assertEquals(failures.length, isSafe ? 0 : 1);
  }
});

Deno.test("image-inspect reads the footer of a VMDK in Glance, but not from a store without ranges", async (t) => {
  for (const ranges of [true, false]) {
    await t.step(ranges ? "with ranges" : "without ranges", async () => {
      const { harness, pulled, requests } = await withImages(ranges, longVmdk(WRONG_FOOTER));
      const { result } = await inspected(harness, ID);
      assertEquals(
        [result.format, result.is_safe, result.unchecked],
        ranges ? ["vmdk", false, []] : ["vmdk", true, ["footer"]],
      );
      const data = requests.filter(({ path }) => path.endsWith("/file"));
      const first = "bytes=0-65535";
      const second = ranges ? "bytes=19998464-19999999" : null;
      assertEquals(data.map((one) => one.range), [first, second]);
      assertEquals(pulled.bytes <= 262_144, true, `${pulled.bytes} bytes`);
      assertEquals(pulled.closed, pulled.opened);
    });
  }
});

Deno.test("image-inspect names a file that gets shorter while it is read", async () => {
  const memory = new MemoryFiles({ "long.vmdk": longVmdk() });
  const read = memory.read.bind(memory);
  memory.read = async (path, start = 0) => {
    if (start > 0) memory.content.set(path, new Uint8Array(100));
    return await read(path, start);
  };
  const { code, stderr } = await new CliHarness().run(["image-inspect", "long.vmdk"], {
    files: memory,
  });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "its size of 20000000 bytes changed while it was read");
});

/** A Glance with a few images, that counts the bytes which are read from it. */
async function withImages(ranges = true, data: Uint8Array = UNSAFE) {
  const glance = embedded({ supportsRanges: ranges, version: "2.16" });
  const pulled = { bytes: 0, opened: 0, closed: 0 };
  const requests: { readonly path: string; readonly range: string | null }[] = [];
  const fetch: Fetch = async (request) => {
    const { pathname } = new URL(request.url);
    if (request.method === "GET") {
      requests.push({ path: pathname, range: request.headers.get("range") });
    }
    const response = await glance(request);
    const isData = pathname.endsWith("/file") && request.method === "GET" && response.ok;
    return isData ? counted(response, pulled) : response;
  };
  const harness = new CliHarness(fetch);
  const memory = new MemoryFiles({ "data": data, "plain": "x" });
  for (
    const args of [
      ["--id", ID, "--name", "both", "--file", "data", "--disk-format", "qcow2"],
      ["--name", "folder", "--file", "plain", "--disk-format", "raw"],
      ["--name", "stored/with slash", "--file", "data", "--disk-format", "qcow2"],
      ["--id", OTHER_ID, "--name", "queued", "--disk-format", "raw"],
    ]
  ) {
    const { code, stderr } = await harness.run([
      "image-create",
      ...args,
      ...BARE,
      "--inspect",
      "off",
    ], {
      files: memory,
    });
    assertEquals(code, 0, stderr);
  }
  requests.length = 0;
  return { harness, pulled, requests };
}

/** A response whose body counts what is read of it, 16 KiB at a time. */
function counted(
  response: Response,
  pulled: { bytes: number; opened: number; closed: number },
): Response {
  pulled.opened++;
  const reader = response.body?.pipeThrough(pieces()).getReader();
  const body = new ReadableStream({
    async pull(controller) {
      const { done = true, value } = await reader?.read() ?? {};
      pulled.bytes += value?.byteLength ?? 0;
      if (!done) return controller.enqueue(value);
      pulled.closed++;
      controller.close();
    },
    async cancel() {
      pulled.closed++;
      await reader?.cancel();
    },
  }, { highWaterMark: 0 });
  return new Response(body, response);
}

function pieces(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  return new TransformStream({
    transform(chunk, controller) {
      for (let at = 0; at < chunk.byteLength; at += 16_384) {
        controller.enqueue(chunk.slice(at, at + 16_384));
      }
    },
  });
}

Deno.test("image-inspect names the compression of a file", async () => {
  const memory = files();
  const gzip = new Blob(["a disk"]).stream().pipeThrough(new CompressionStream("gzip"));
  memory.content.set("disk.gz", new Uint8Array(await new Response(gzip).arrayBuffer()));
  const { code, stdout } = await new CliHarness().run(["image-inspect", "disk.gz"], {
    files: memory,
  });
  assertEquals(code, 0);
  assertStringIncludes(stdout, "gzip; Glance does not decompress it");
});

Deno.test("image-inspect names an archive, and a document", async () => {
  const cases = [
    ["PK\x03\x04 and more", "zip archive; Glance does not extract it"],
    ["<HTML>", "web page (HTML); not a disk image"],
  ] as const;
  for (const [text, shown] of cases) {
    const memory = files();
    memory.content.set("disk", new TextEncoder().encode(text));
    const { code, stdout } = await new CliHarness().run(["image-inspect", "disk"], {
      files: memory,
    });
    assertEquals(code, 0);
    assertStringIncludes(stdout, shown);
  }
});

Deno.test("image-inspect reports that a directory is not a file", async () => {
  const { code, stderr } = await new CliHarness().run(["image-inspect", "folder"], {
    files: files(),
  });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "it is a directory");
});

Deno.test("image-inspect reads the start of a character device, and what the format requires of a block device", async () => {
  const memory = files();
  const read = memory.read.bind(memory);
  let bytesRead = 0;
  memory.special.set("/dev/zero", "character device");
  memory.special.set("/dev/vdb", "block device");
  memory.content.set("/dev/vdb", new Uint8Array(10_000_000));
  memory.read = (path, start) => {
    if (path !== "/dev/zero") return read(path, start);
    return Promise.resolve(
      new ReadableStream({
        pull(controller) {
          bytesRead += 65_536;
          controller.enqueue(new Uint8Array(65_536));
        },
      }, { highWaterMark: 0 }),
    );
  };
  const run = async (path: string) => {
    const { code, stdout } = await new CliHarness().run(["image-inspect", "--json", path], {
      files: memory,
    });
    const { format, size, virtual_size, bytes_read } = JSON.parse(stdout);
    return [code, format, size, virtual_size, bytes_read < 300_000];
  };
  assertEquals(await run("/dev/zero"), [0, "raw", null, null, true]);
  assertEquals(bytesRead < 600_000, true);
  assertEquals(await run("/dev/vdb"), [0, "raw", 10_000_000, 10_000_000, true]);
});
