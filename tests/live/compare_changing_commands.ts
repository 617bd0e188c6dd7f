/**
 * Commands that change something, by our command line and by python-glanceclient's, each on things of its
 * own with names of the same length: the same tables and exit codes, except for the differences listed here.
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type GlanceCommand, type LineResult, ourGlance } from "./glance_commands.ts";
import { PythonGlance } from "./python_glance.ts";

const DATA = crypto.getRandomValues(new Uint8Array(60_000));

/** An image that both show. */
const BOTH = crypto.randomUUID();

const NAMESPACE_FILE = {
  namespace: "<ns>::Imported",
  display_name: "From a file",
  description: "one line\n\n and another one that is so long that it has to go on in the next line",
  visibility: "private",
  resource_type_associations: [{ name: "OS::Nova::Flavor", prefix: "hw_" }],
  properties: { p: { title: "P", type: "string", enum: ["a", "b"] } },
  objects: [{ name: "o", description: "an object", required: [], properties: {} }],
  tags: [{ name: "t" }],
};

/**
 * Lines in their order. `<ns>` is a namespace, `<queued>` an image without data, `<active>` one with data,
 * `<new>` an id, `<port>` that of a web server.
 */
const SAME: readonly string[] = [
  "md-namespace-create <ns> --display-name Mine --description words --visibility private --protected True",
  "md-namespace-create <ns>",
  "md-namespace-show <ns>",
  "md-namespace-delete <ns>",
  "md-namespace-update <ns> --protected False --visibility public --display-name Other",
  "md-namespace-import --file ns.json",
  "md-namespace-show <ns>::Imported",
  "md-namespace-show <ns>::Imported --max-column-width 20",
  "md-namespace-show <ns>::Imported --resource-type OS::Nova::Flavor",
  "md-namespace-import --file absent.json",
  "md-resource-type-associate <ns> --name OS::Glance::Image --prefix hw: --properties-target image",
  "md-resource-type-associate <ns> --name OS::Nova::Server",
  "md-resource-type-associate <ns> --name OS::Nova::Server",
  "md-namespace-resource-type-list <ns>",
  "md-resource-type-deassociate <ns> OS::Nova::Server",
  "md-resource-type-deassociate <ns> OS::Nova::Server",
  'md-object-create <ns> --name o --schema {"description":"d","properties":{"p":{"title":"P","type":"integer","minimum":2}}}',
  "md-object-create <ns> --name o --schema {}",
  "md-object-show <ns> o",
  "md-object-show <ns> o --max-column-width 20",
  "md-object-show <ns> absent",
  "md-object-property-show <ns> o p",
  "md-object-property-show <ns> o absent",
  'md-object-update <ns> o --name o2 --schema {"description":"other"}',
  "md-object-list <ns>",
  "md-object-delete <ns> absent",
  "md-object-delete <ns> o2",
  'md-property-create <ns> --name p --title P --schema {"type":"string","enum":["a","b"],"default":"a","readonly":true}',
  "md-property-create <ns> --name p --title P --schema {}",
  "md-property-show <ns> p",
  "md-property-show <ns> absent",
  "md-property-update <ns> p --name q --title Q",
  "md-property-list <ns>",
  "md-property-delete <ns> absent",
  "md-property-delete <ns> q",
  "md-tag-create <ns> --name one",
  "md-tag-create <ns> --name one",
  "md-tag-show <ns> one",
  "md-tag-show <ns> absent",
  "md-tag-update <ns> one --name two",
  "md-tag-create-multiple <ns> --names a,b,,c",
  "md-tag-create-multiple <ns> --names d;e --delim ;",
  "md-tag-list <ns>",
  "md-tag-delete <ns> d",
  "md-tag-delete <ns> absent",
  "md-namespace-tags-delete <ns>",
  "md-namespace-objects-delete <ns>",
  "md-namespace-properties-delete <ns>",
  "md-namespace-show <ns>",
  "md-namespace-delete <ns>",
  "md-namespace-delete <ns>::Imported",
  "md-tag-create <ns>",
  "md-object-show <ns>",
  "image-stage <queued> --file disk.img",
  "image-stage <queued> --file disk.img",
  "image-stage <queued> --file absent.img",
  "image-import <queued> --store absent",
  "image-import <queued> --import-method absent",
  "image-tasks <active>",
  "stores-info",
  "import-info",
  "usage",
  "explain metadefs/namespace",
  "explain member",
  "member-create <active> project",
  "member-get <active> project",
  "member-list --image-id <active>",
  "member-update <active> project accepted",
  "member-delete <active> project",
  "image-deactivate <active>",
  "image-reactivate <active>",
  "task-list",
  "task-list --type import --sort-key id --sort-dir asc",
  "task-list --page-size 1",
  "task-show absent",
  'task-create --type import --input {"import_from":"http://127.0.0.1:1/x","import_from_format":"raw","image_properties":{}}',
  "--os-image-url <glance> cache-list",
  "--os-image-url <glance> image-download <both>",
  "--os-image-url <glance> cache-list",
  "--os-image-url <glance> cache-delete <both>",
  "--os-image-url <glance> cache-list",
  "--os-image-url <glance> cache-queue <active>",
  "--os-image-url <glance> cache-clear --target queue",
  "--os-image-url <glance> cache-clear --target nonsense",
  "stores-delete <active> --store absent",
  "stores-delete <active> --store fast",
];

/** Lines that end in another way, and why. */
const DIFFERENT: readonly (readonly [line: string, codes: [theirs: number, ours: number]])[] = [
  // A usage error has exit code 2, whichever program finds it.
  ["md-namespace-update <ns>::Kept --visibility nonsense", [1, 2]],
  ["md-object-create <ns> --name o --schema {", [1, 2]],
  ["md-property-create <ns> --name p --title P --schema {", [1, 2]],
  ["md-resource-type-associate <ns> --prefix a:", [1, 2]],
  ["task-create", [1, 2]],
  ["task-create --type import --input {", [1, 2]],
  ["image-import <queued> --uri http://127.0.0.1/x", [1, 2]],
  ["image-import <queued> --import-method copy-image", [1, 2]],
  ["image-import <queued> --store fast --all-stores True", [1, 2]],
  [`image-create-via-import --disk-format raw --container-format bare --import-method copy-image`, [
    1,
    2,
  ]],
  // A schema is an object.
  ["md-object-create <ns>::Kept --name p --schema []", [0, 2]],
  // An update that changes nothing is a mistake.
  ["md-namespace-update <ns>::Kept", [0, 2]],
  ["md-object-update <ns>::Kept o", [0, 2]],
  // Rejected before the request, although only Glance defines it.
  ["md-namespace-create <ns>::X --created-at 2026-01-01T00:00:00Z", [1, 2]],
  ["md-namespace-create <ns>::X --self /v2/x", [1, 2]],
  // glanceclient fails although it has a flag for this.
  ["md-namespace-create <ns>::R --resource-type-associations OS::Nova::Flavor --owner <ns>", [
    1,
    0,
  ]],
  ["md-tag-create-multiple <ns>::Kept --names x --append", [1, 0]],
  // A failure is one.
  ["--os-image-url <glance> cache-delete <absent>", [0, 1]],
  ["--os-image-url <glance> cache-queue <absent>", [0, 1]],
  // /dev/null is not data.
  ["image-stage <second>", [0, 2]],
  ["md-namespace-import", [1, 2]],
  ["image-create-via-import --id <new> --name n --tags a b --property p=q", [1, 0]],
];

/** The images of each side, created before. */
const PREPARED: readonly string[] = [
  "image-create --id <queued> --name queued --disk-format raw --container-format bare",
  "image-create --id <second> --name second --disk-format raw --container-format bare",
  "image-create --id <active> --name active --disk-format raw --container-format bare --visibility shared --file disk.img",
  "md-namespace-create <ns>::Kept",
  "md-object-create <ns>::Kept --name o --schema {}",
];

/** The values of one side, by placeholder. */
type Own = Readonly<Record<string, string>>;

/**
 * Runs the lines.
 *
 * @param environment of an administrator, as `OS_*`
 * @param glance URL of one server
 */
export async function compareChanges(
  t: Deno.TestContext,
  environment: Readonly<Record<string, string>>,
  glance: string,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const [theirOwn, ourOwn] = [ownOf("Their", glance), ownOf("Ours_", glance)];
    const [theirFiles, ourFiles] = [filesFor(theirOwn), filesFor(ourOwn)];
    for (const [name, bytes] of Object.entries(theirFiles)) {
      await Deno.writeFile(`${directory}/${name}`, bytes);
    }
    await using python = new PythonGlance(directory);
    const [theirs, ours] = [python.run, ourGlance(ourFiles)];
    await prepare(ours, environment, ourOwn, [
      ...PREPARED,
      "image-create --id <both> --name both --disk-format raw --container-format bare --file disk.img",
    ]);
    await prepare(ours, environment, theirOwn, PREPARED);
    const run = async (glance: GlanceCommand, line: string, own: Own) =>
      await glance(filled(line, own), environment);
    for (const line of SAME) {
      await t.step(line, async () => {
        const [their, our] = [await run(theirs, line, theirOwn), await run(ours, line, ourOwn)];
        const said = `${their.stderr}${our.stderr}`;
        assertEquals(comparable(our, ourOwn), comparable(their, theirOwn), said);
        assert(our.code === 0 || our.stderr.startsWith("Cannot "), said);
      });
    }
    for (const [line, codes] of DIFFERENT) {
      await t.step(`${line} (an intended difference)`, async () => {
        assertNotEquals(codes[0], codes[1]);
        const [their, our] = [await run(theirs, line, theirOwn), await run(ours, line, ourOwn)];
        assertEquals([their.code, our.code], codes, `${their.stderr}${our.stderr}`);
      });
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Names of the same length on both sides, so that tables are as wide. */
function ownOf(name: string, glance: string): Own {
  const id = () => crypto.randomUUID();
  return {
    "<ns>": `Beside::${name}`,
    "<queued>": id(),
    "<second>": id(),
    "<active>": id(),
    "<new>": id(),
    "<both>": BOTH,
    "<absent>": "33333333-3333-4333-8333-333333333333",
    "<glance>": glance,
  };
}

function filesFor(own: Own): Record<string, Uint8Array> {
  const document = filled(JSON.stringify(NAMESPACE_FILE), own);
  return { "disk.img": DATA, "ns.json": new TextEncoder().encode(document) };
}

async function prepare(
  glance: GlanceCommand,
  environment: Readonly<Record<string, string>>,
  own: Own,
  lines: readonly string[],
): Promise<void> {
  for (const line of lines) {
    const { code, stderr } = await glance(filled(line, own), environment);
    assertEquals(code, 0, stderr);
  }
}

function filled(line: string, own: Own): string {
  return Object.entries(own).reduce((text, [name, value]) => text.replaceAll(name, value), line);
}

/** Removes what must differ: the names and ids of each side, generated ids, and times. */
function comparable({ code, stdout }: LineResult, own: Own): [code: number, stdout: string] {
  const named = Object.entries(own)
    .reduce((text, [name, value]) => text.replaceAll(value, name.padEnd(value.length)), stdout);
  const text = named
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => "0".repeat(id.length))
    .replaceAll(
      /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?/g,
      (date) => date.replaceAll(/\d/g, "0"),
    );
  return [code, text];
}
