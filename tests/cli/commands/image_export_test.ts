/** `image-export` and `image-restore`. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CliHarness, embedded, type Fetch } from "../harness.ts";
import { failure, MemoryFiles } from "../memory_files.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const DATA = "the bytes of a disk";
const CREATE =
  `image-create --id ${ID} --name disk --disk-format raw --container-format bare --file disk.img --tags gold --property os_type=linux`;

/** A cloud with an image, and its files after an export to `backup.img`. */
async function exported(fetch: Fetch = embedded()) {
  const harness = new CliHarness(fetch);
  const files = new MemoryFiles({ "disk.img": DATA });
  const run = (line: string, options = {}) => harness.run(line.split(" "), { files, ...options });
  assertEquals((await run(CREATE)).code, 0);
  const { code, stdout, stderr } = await run("image-export disk --file backup.img");
  assertEquals([code, stdout, stderr], [0, "", ""]);
  return { run, files };
}

function textOf(files: MemoryFiles, path: string): string {
  return new TextDecoder().decode(files.content.get(path));
}

Deno.test("image-export writes the data and a record that names no cloud", async () => {
  const { files } = await exported();
  assertEquals([...files.content.keys()].sort(), ["backup.img", "backup.img.json", "disk.img"]);
  assertEquals(textOf(files, "backup.img"), DATA);
  const { osHashValue, ...record } = JSON.parse(textOf(files, "backup.img.json"));
  assertEquals(osHashValue.length, 128);
  assertEquals(record, {
    name: "disk",
    visibility: "shared",
    diskFormat: "raw",
    containerFormat: "bare",
    minDisk: 0,
    minRam: 0,
    protected: false,
    osHidden: false,
    tags: ["gold"],
    properties: { os_type: "linux" },
    size: DATA.length,
    checksum: "a6421c91f1f1055fe6958937d8699675",
    osHashAlgo: "sha512",
  });
});

Deno.test("image-restore creates an equal image in another cloud, with changes from its flags", async () => {
  const { files } = await exported();
  const other = new CliHarness();
  const run = (line: string) => other.run(line.split(" "), { files });
  const first = await run("image-restore backup.img --json");
  assertEquals([first.code, first.stderr], [0, ""]);
  const { id, name, status, size, tags, os_type } = JSON.parse(first.stdout);
  assertEquals([id !== ID, name, status, size, tags, os_type], [
    true,
    "disk",
    "active",
    DATA.length,
    ["gold"],
    "linux",
  ]);
  const second = await run(
    "image-restore backup.img --name second --property a=b --remove-property os_type --visibility private --verify required --json",
  );
  const image = JSON.parse(second.stdout);
  assertEquals([image.name, image.a, image.os_type, image.visibility], [
    "second",
    "b",
    undefined,
    "private",
  ]);
});

Deno.test("image-restore accepts the JSON of image-show as the record", async () => {
  const { run, files } = await exported();
  const shown = await run("image-show disk --json");
  files.content.set("shown.json", new TextEncoder().encode(shown.stdout));
  const { code, stdout } = await run("image-restore disk.img --record shown.json --json");
  assertEquals([code, JSON.parse(stdout).os_type], [0, "linux"]);
});

Deno.test("image-restore leaves no image when the data is not that of the record", async () => {
  for (const data of ["other bytes of it..", "too short", ""]) {
    const { run, files } = await exported();
    files.content.set("backup.img", new TextEncoder().encode(data));
    const { code, stderr } = await run("image-restore backup.img");
    assertEquals(code, 1);
    const isOfOtherSize = data.length !== DATA.length;
    assertStringIncludes(stderr, isOfOtherSize ? 'Cannot restore "backup.img": it has' : "Cannot ");
    const { stdout } = await run("image-list --json");
    assertEquals(JSON.parse(stdout).length, 1, data);
  }
});

Deno.test("image-restore names the file when it is missing or no record", async () => {
  const { run, files } = await exported();
  const cases: readonly (readonly [line: string, record: string | null, cause: string])[] = [
    ["image-restore nothing.img", null, 'Cannot read "nothing.img.json"'],
    ["image-restore backup.img", null, 'Cannot read "backup.img.json"'],
    ["image-restore backup.img", "{", 'the record "backup.img.json": it is not the JSON'],
    ["image-restore backup.img", "[]", 'the record "backup.img.json": it is not the JSON'],
    ["image-restore backup.img", '{"a":1}', 'the record "backup.img.json": it is not the JSON'],
    ["image-restore nothing.img", '{"diskFormat":"raw"}', 'Cannot read "nothing.img"'],
  ];
  for (const [line, record, cause] of cases) {
    const path = `${line.split(" ")[1]}.json`;
    files.content.delete(path);
    if (record !== null) files.content.set(path, new TextEncoder().encode(record));
    const { code, stderr } = await run(line);
    assertEquals(code, 1, stderr);
    assertStringIncludes(stderr, cause);
  }
});

Deno.test("image-export writes no record when the data cannot be written or is wrong", async () => {
  const glance = embedded();
  let isWrong = false;
  const fetch: Fetch = async (request) => {
    const response = await glance(request);
    if (!isWrong || !request.url.endsWith("/file") || request.method !== "GET") return response;
    return new Response(DATA.replace("b", "p"), { headers: response.headers });
  };
  const { run, files } = await exported(fetch);
  const before = new Map(files.content);
  isWrong = true;
  const wrong = await run("image-export disk --file backup.img");
  assertEquals(wrong.code, 1);
  assertEquals(files.content, before);
  isWrong = false;
  files.broken.set("backup.img.json.new", "EACCES");
  const { code, stderr } = await run("image-export disk --file backup.img");
  assertEquals(code, 1);
  assertStringIncludes(stderr, 'Cannot write "backup.img.json": permission is denied');
  // The new data is kept for the next command.
  for (const path of ["backup.img.part", "backup.img.part.json"]) {
    assert(files.content.delete(path), path);
  }
  assertEquals(files.content, before);
});

/** Fails after `renames` renames, and checks the exported files after each. */
class FailingRenames extends MemoryFiles {
  renames: number = Infinity;
  onRename: () => void = () => {};

  override async rename(from: string, to: string): Promise<void> {
    if (this.renames-- === 0) throw failure("EBUSY");
    await super.rename(from, to);
    this.onRename();
  }
}

Deno.test("image-export never leaves data with the record of other data", async () => {
  const OTHER = "22222222-2222-4222-8222-222222222222";
  const harness = new CliHarness();
  const source = new MemoryFiles({ "disk.img": DATA, "other.img": `${DATA} of another image` });
  const create = CREATE.replace(ID, OTHER).replace("disk.img", "other.img");
  for (const line of [CREATE, create]) {
    assertEquals((await harness.run(line.split(" "), { files: source })).code, 0);
  }
  const states: string[] = [];
  for (let renames = 0, isDone = false; !isDone; renames++) {
    const files = new FailingRenames();
    const run = (id: string) =>
      harness.run(["image-export", id, "--file", "backup.img"], { files });
    const state = () => {
      const size = files.content.get("backup.img")?.byteLength ?? null;
      const record = files.text("backup.img.json");
      if (record !== null) assertEquals(JSON.parse(record).size, size);
      return `${size === DATA.length ? "old" : "new"} data, ${
        record === null ? "no" : "its"
      } record`;
    };
    assertEquals((await run(ID)).code, 0);
    [files.renames, files.onRename] = [renames, state];
    const { code, stderr } = await run(OTHER);
    isDone = code === 0;
    states.push(state());
    if (!isDone) assertStringIncludes(stderr, "it is in use, or a mount point");
    files.renames = Infinity;
    assertEquals((await run(OTHER)).code, 0);
    assertEquals(state(), "new data, its record");
    assertEquals([...files.content.keys()].sort(), ["backup.img", "backup.img.json"]);
  }
  assertEquals(states.at(-1), "new data, its record");
  // If the data cannot be replaced, the old record is put back.
  assertEquals(states.includes("old data, no record"), false);
});

Deno.test("image-export writes the record through a link", async () => {
  const { run, files } = await exported();
  files.links.set("new.img.json", "elsewhere.json");
  assertEquals((await run("image-export disk --file new.img")).code, 0);
  assertEquals([files.content.has("new.img.json"), files.content.has("elsewhere.json")], [
    false,
    true,
  ]);
});

Deno.test("image-export refuses images without data, and targets that are not files", async () => {
  const { run, files } = await exported();
  assertEquals((await run("image-create --name empty")).code, 0);
  const empty = await run("image-export empty --file empty.img");
  assertEquals(empty.code, 1);
  assertStringIncludes(empty.stderr, "it is queued and has no data");
  files.special.set("/dev/null", "character device");
  files.directories.add("folder");
  files.directories.add("new.img.json");
  const targets = {
    "-": "-",
    "/dev/null": "/dev/null",
    folder: "folder",
    "new.img": "new.img.json",
  };
  for (const [target, refused] of Object.entries(targets)) {
    const { code, stderr } = await run(`image-export disk --file ${target}`);
    assertEquals(code, 2);
    assertStringIncludes(stderr, `Cannot export to "${refused}": it is `);
  }
  assert(!files.content.has("new.img"));
  assert(!files.content.has("empty.img.json"));
});
