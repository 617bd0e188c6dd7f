/** The public API: its names, its types, and that it works in every place. */
import { assert, assertEquals } from "@std/assert";
import { EXPORTS } from "./support/exported_names.ts";
import { librarySources } from "./support/sources.ts";

const ROOT = new URL("../", import.meta.url).pathname;

for (const [path, { values, types }] of Object.entries(EXPORTS)) {
  const exported = Object.keys(await import(`../${path}`));
  Deno.test(`${path} exports these values and types, and no other`, async () => {
    assertEquals(exported.sort(), values);
    const { code, stdout } = await deno(["doc", "--json", path], ROOT);
    assertEquals(code, 0);
    const { nodes }: Doc = JSON.parse(stdout);
    const names = Object.values(nodes).flatMap(({ symbols }) => symbols.map(({ name }) => name));
    assertEquals(names.filter((name) => !values.includes(name)).sort(), types);
  });
}

Deno.test("mod.ts exports at most 35 values and 66 types", () => {
  const { values = [], types = [] } = EXPORTS["mod.ts"] ?? {};
  assert(values.length > 0 && values.length <= 35, `${values.length} values`);
  assert(types.length > 0 && types.length <= 66, `${types.length} types`);
});

Deno.test("every export and every member of it is documented, and names only exported types", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const { code, stderr } = await deno(["doc", "--lint", ...Object.values<string>(exports)], ROOT);
  assertEquals(code, 0, stderr);
});

Deno.test("`deno task docs` builds the reference of every export", async () => {
  const { exports, tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const files = tasks.docs.command.split(" ").filter((word: string) => word.endsWith(".ts"));
  const exported = Object.values<string>(exports).map((path) => path.slice("./".length));
  assertEquals(files, exported);
});

Deno.test("`deno task release` checks and packs what is published", async () => {
  const { tasks, version } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  assertEquals(tasks.release.command, "deno task check && deno task pack");
  assert(/^deno run -A \.github\/package\/pack\.ts$/.test(tasks.pack.command));
  const sources = await librarySources();
  assertEquals(sources.filter(({ code }) => code.includes(`"${version}"`)), []);
});

/** The part of `deno doc --json` that is used. */
interface Doc {
  readonly nodes: Readonly<Record<string, { readonly symbols: readonly { name: string }[] }>>;
}

/** A program that imports the module by its path; the last line is what it prints. */
const PROGRAM = `
import { connect, GlanceError, type Image, ImageNotFound } from "MODULE";

const bytes = new TextEncoder().encode("the bytes of a disk");
const record = { id: "42", status: "active", name: "disk", size: bytes.byteLength, min_disk: 1 };
const fetch = (input: string): Promise<Response> => {
  const { pathname } = new URL(input);
  if (pathname === "/v2/images") return Promise.resolve(Response.json({ images: [record] }));
  if (pathname === "/v2/images/42") return Promise.resolve(Response.json(record));
  if (pathname === "/v2/images/42/file") return Promise.resolve(new Response(bytes));
  return Promise.resolve(Response.json({ message: "none" }, { status: 404 }));
};
const { service, context } = await connect({ apiServers: ["glance"], environment: {}, fetch });
const images: Image[] = await service.detail(context);
const stream: ReadableStream<Uint8Array> = await service.download(context, "42");
const text = await new Response(stream).text();
const error: unknown = await service.show(context, "none").catch((error: unknown) => error);
const isTyped = error instanceof ImageNotFound && error instanceof GlanceError;
console.log(JSON.stringify([images[0]?.name, images[0]?.minDisk, text, isTyped]));
`;

const PRINTED = JSON.stringify(["disk", 1, "the bytes of a disk", true]);

Deno.test("mod.ts can be imported by its path, checked and run in a folder without configuration", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("script.ts", PROGRAM.replace("MODULE", `${ROOT}mod.ts`));
  const checked = await deno(["check", "script.ts"], folder.path);
  assertEquals([checked.code, checked.stderr.includes("error")], [0, false], checked.stderr);
  const { code, stdout, stderr } = await deno(["run", "--allow-env", "script.ts"], folder.path);
  assertEquals([code, stdout.trim()], [0, PRINTED], stderr);
});

/** Mistakes of users; each line after a comment must be a compiler error. */
const MISTAKES = `
import { GlanceClientWrapper, type GlanceOptions, type ImageMeta } from "MODULE";
import { OPERATIONS } from "API";
import { GlanceImageService } from "MODULE";

const client = new GlanceClientWrapper({ apiServers: ["glance"] });
const service = new GlanceImageService(client);

// @ts-expect-error: a method that there is not
client.call({}, "show", "42");
// @ts-expect-error: a misspelt method
client.call({}, "member.list", "42");
// @ts-expect-error: an argument is missing
client.call({}, "get");
// @ts-expect-error: an argument too many
client.call({}, "get", "42", "43");
// @ts-expect-error: an argument of another type
client.call({}, "get", 42);
// @ts-expect-error: another argument of another type
client.call({}, "members.update", "42", "project", "maybe");
// @ts-expect-error: an operation that JSON patch has and Glance has not
client.call({}, "update", "42", [{ op: "move", path: "/a", from: "/b" }]);
// @ts-expect-error: the context is missing
client.call("get", "42");
// @ts-expect-error: the result is an image and not a text
const text: string = await client.call({}, "get", "42");
// @ts-expect-error: an image cannot be changed
(await service.show({}, "42")).name = "x";
// @ts-expect-error: a property that an image does not have
(await service.show({}, "42")).disk_format;
// @ts-expect-error: a misspelt option
new GlanceClientWrapper({ apiServer: ["glance"] });
// @ts-expect-error: one server is not a list of servers
const options: GlanceOptions = { apiServers: "glance" };
// @ts-expect-error: a schema that there is not
client.call({}, "schemas.get", "colour");
// @ts-expect-error: a schema of the metadata catalog has its own operation
client.call({}, "schemas.get", "namespace");
// @ts-expect-error: an image whose name is a number
client.call({}, "create", { name: 42 });
// @ts-expect-error: stores in one text
client.call({}, "data", "42", { prefer: "fast" });
// @ts-expect-error: a range in one text
client.call({}, "data", "42", { range: "0-1" });
// @ts-expect-error: an object is not data
client.call({}, "upload", "42", { name: "x" });
// @ts-expect-error: a misspelt word about an upload
client.call({}, "upload", "42", "text", { store: "fast" });
// @ts-expect-error: a query is a list of pairs
client.call({}, "list", { limit: "10" });
// @ts-expect-error: a pair of a query is of texts
client.call({}, "list", [["limit", 10]]);
// @ts-expect-error: one change is not a list of changes
client.call({}, "update", "42", { op: "remove", path: "/a" });
// @ts-expect-error: an import without a method
client.call({}, "import", "42", { stores: ["fast"] });
// @ts-expect-error: a part of the cache that there is not
client.call({}, "cache.clear", "all");
// @ts-expect-error: a task without input
client.call({}, "tasks.create", { type: "import" });
// @ts-expect-error: the result of a page is not a list
client.call({}, "tasks.list").then((tasks) => tasks.length);
// @ts-expect-error: a namespace without a name
client.call({}, "metadefs.namespaces.create", { display_name: "x" });
// @ts-expect-error: a namespace is public or private
client.call({}, "metadefs.namespaces.update", "a", { visibility: "shared" });
// @ts-expect-error: a property without a title
client.call({}, "metadefs.properties.create", "a", { name: "x", type: "string" });
// @ts-expect-error: a type that JSON has not
client.call({}, "metadefs.properties.create", "a", { name: "x", type: "text", title: "X" });
// @ts-expect-error: an object without a name
client.call({}, "metadefs.objects.create", "a", { description: "x" });
// @ts-expect-error: one tag is not a list of tags
client.call({}, "metadefs.tags.createAll", "a", "x");
// @ts-expect-error: a misspelt option
client.call({}, "metadefs.tags.createAll", "a", ["x"], { apend: true });
// @ts-expect-error: an association without a resource type
client.call({}, "metadefs.associations.create", "a", { prefix: "hw_" });
// @ts-expect-error: the view of a property is an object
client.call({}, "metadefs.properties.get", "a", "x", "OS::Nova::Flavor");
// @ts-expect-error: the table cannot be changed
OPERATIONS["get"].since = "3.0";
// @ts-expect-error: a row that there is not
OPERATIONS["show"];
// @ts-expect-error: a word that is none
service.download({}, "42", { verify: "yes" });
// @ts-expect-error: text is not data
service.create({}, { name: "x" }, "text");
// @ts-expect-error: a visibility that there is not
const meta: ImageMeta = { visibility: "secret" };
// @ts-expect-error: a sink of text is not a sink of bytes
service.download({}, "42", new WritableStream<string>());

const id: string = (await client.call({}, "get", "42")).id;
const nothing: void = await client.call({}, "delete", "42");
const response: Response = await client.call(null, "data", "42", { range: { start: 0 } });
const written: void = await service.download({}, "42", new WritableStream<Uint8Array>());
const bytes: Uint8Array[] = await Array.fromAsync(await service.download({}, "42"));
console.log(id, nothing, response, written, bytes, text, options, meta);
`;

Deno.test("mod.ts makes wrong uses errors of the compiler, and no right use", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write(
    "mistakes.ts",
    MISTAKES.replaceAll("MODULE", `${ROOT}mod.ts`).replace("API", `${ROOT}lib/api/mod.ts`),
  );
  const { code, stderr } = await deno(["check", "mistakes.ts"], folder.path);
  assertEquals(code, 0, stderr);
});

Deno.test("deno publish accepts the package", async () => {
  const { code, stderr } = await deno(["publish", "--dry-run", "--allow-dirty"], ROOT);
  assertEquals(code, 0, stderr.slice(-2_000));
});

Deno.test("the package for Node has types and runs there", {
  ignore: !await hasNode(),
}, async () => {
  await using folder = await TemporaryFolder.create();
  const tarball = `${folder.path}/package.tgz`;
  const packed = await deno(["pack", "--allow-dirty", "--output", tarball], ROOT);
  assertEquals(packed.code, 0, packed.stderr.slice(-2_000));
  assertEquals((await run("tar", ["-xzf", tarball], folder.path)).code, 0);
  await Deno.stat(`${folder.path}/package/mod.d.ts`);
  const types =
    /: (Promise<Response>|Image\[\]|ReadableStream<Uint8Array>|string|unknown)(?= =|\))/g;
  const program = PROGRAM.replace("MODULE", "./package/mod.js").replace("type Image, ", "");
  await folder.write("script.mjs", untyped(program, types));
  const { code, stdout, stderr } = await run("node", ["script.mjs"], folder.path);
  assertEquals([code, stdout.trim()], [0, PRINTED], stderr);
});

/** The program as JavaScript. */
function untyped(program: string, types: RegExp): string {
  const script = program.replaceAll(types, "");
  assert(!/: (Promise|Image|string|unknown)/.test(script), script);
  return script;
}

/** A temporary directory without a configuration in any parent. */
class TemporaryFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<TemporaryFolder> {
    return new TemporaryFolder(await Deno.makeTempDir({ prefix: "glance-face-" }));
  }

  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.path}/${name}`, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function deno(args: readonly string[], cwd: string): Promise<Outcome> {
  return await run(Deno.execPath(), args, cwd);
}

async function run(command: string, args: readonly string[], cwd: string): Promise<Outcome> {
  const env = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args], cwd, env })
    .output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function hasNode(): Promise<boolean> {
  return await run("node", ["--version"], ROOT).then(({ code }) => code === 0, () => false);
}
