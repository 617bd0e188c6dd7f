/**
 * Compares edits by our service with Debian's `openstacksdk` and `glanceclient`, from the same
 * image on a real Glance: the resulting images are equal, except for the edits on which a client
 * fails, which the table lists.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect, type ImageMeta, Invalid } from "../../mod.ts";
import { callPython } from "./python.ts";
import { type Fields, RawGlance } from "./raw_glance.ts";
import { type LiveStack, startStack } from "./stack.ts";

const CLIENTS = ["openstacksdk", "glanceclient"] as const;
type Client = typeof CLIENTS[number];

/** An edit, and the clients that fail on it. */
interface Edit {
  readonly does: string;
  /** Custom properties and tags before the edit. */
  readonly from: { readonly tags?: readonly string[]; readonly [property: string]: unknown };
  /** Base properties, with Glance's names. */
  readonly base?: Fields;
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  /** The error a client raises; "silence" if it raises none and the image is wrong. */
  readonly fails?: Partial<Record<Client, string>>;
}

/**
 * openstacksdk's error for a patch with `move` or with a path inside the tags. Glance's explanation
 * is lost.
 */
const SDK = "BadRequestException: BadRequestException: 400";

const EDITS: readonly Edit[] = [
  { does: "changes a name", from: { a: "1" }, base: { name: "new" } },
  {
    does: "changes several base properties",
    from: {},
    base: { name: "b", min_disk: 3, min_ram: 64 },
  },
  { does: "adds a property", from: { a: "1" }, set: { b: "2" } },
  { does: "changes a property", from: { a: "1", b: "2" }, set: { a: "3" } },
  { does: "removes a property", from: { a: "1", b: "2" }, remove: ["a"] },
  { does: "removes all properties", from: { a: "1", b: "2" }, remove: ["a", "b"] },
  {
    does: "renames a property",
    from: { a: "x" },
    set: { b: "x" },
    remove: ["a"],
    fails: { openstacksdk: SDK, glanceclient: "Invalid operation: `move`" },
  },
  {
    does: "moves a value between properties",
    from: { a: "x", b: "y" },
    set: { b: "x" },
    remove: ["a"],
  },
  { does: "swaps two values", from: { a: "x", b: "y" }, set: { a: "y", b: "x" } },
  {
    does: "removes one value and adds it twice",
    from: { a: "x" },
    set: { b: "x", c: "x" },
    remove: ["a"],
    fails: { openstacksdk: SDK, glanceclient: "Invalid operation: `move`" },
  },
  {
    does: "replaces all tags",
    from: { tags: ["a", "b"] },
    base: { tags: ["c", "d"] },
    fails: { openstacksdk: SDK },
  },
  {
    does: "adds a tag",
    from: { tags: ["a"] },
    base: { tags: ["a", "b"] },
    fails: { openstacksdk: SDK },
  },
  {
    does: "removes a tag of three",
    from: { tags: ["a", "b", "c"] },
    base: { tags: ["a", "c"] },
    fails: { openstacksdk: SDK },
  },
  {
    does: "removes all tags",
    from: { tags: ["a", "b"] },
    base: { tags: [] },
    fails: { openstacksdk: SDK, glanceclient: "silence" },
  },
  {
    does: "names with a slash and a tilde",
    from: { "a/b": "1", "c~d": "2" },
    set: { "a/b": "3", "e~1f": "4" },
    remove: ["c~d"],
  },
  { does: "an empty value", from: { a: "1" }, set: { a: "", b: "" } },
  {
    does: "text of many scripts",
    from: { a: "1" },
    set: { "ключ": "значение", b: '日本 "quoted"' },
  },
  { does: "a name with white space within", from: { "a b": "1" }, set: { "a b": "2", "c d": "3" } },
  { does: "nothing at all", from: { a: "1" }, base: { name: "old" }, set: { a: "1" } },
  { does: "protection and visibility", from: {}, base: { protected: true, visibility: "private" } },
  { does: "hides an image", from: {}, base: { os_hidden: true } },
];

/** Fields that no edit concerns. */
const INCIDENTAL = ["id", "created_at", "updated_at", "self", "file", "schema"];

Deno.test("update() makes the same image of a real Glance as two other clients", async (t) => {
  await using stack = await startStack();
  const raw = await RawGlance.as(stack, "alice");
  const create = () => Promise.all(EDITS.map(({ from }) => raw.create({ name: "old", ...from })));
  const ours = await create();
  await editByUs(stack, ours);
  const theirs: Partial<Record<Client, Result[]>> = {};
  for (const client of CLIENTS) {
    const ids = await create();
    const errors = await editBy(client, stack, ids);
    const records = await Promise.all(ids.map((id) => recordOf(raw, id)));
    theirs[client] = ids.map((_, i) => ({ error: errors[i] ?? null, record: records[i] ?? {} }));
  }
  for (const [i, edit] of EDITS.entries()) {
    await t.step(edit.does, async (t) => {
      const record = await recordOf(raw, ours[i] ?? "");
      assertEquals(record, expectedOf(edit, record));
      for (const client of CLIENTS) {
        const fails = edit.fails?.[client];
        const { error, record: other } = theirs[client]?.[i] ?? { error: "nothing", record: {} };
        await t.step(`by ${client}${fails === undefined ? "" : ", which fails"}`, () => {
          if (fails === undefined) return assertEquals([error, other], [null, record]);
          assert((error ?? "silence").includes(fails), `${error}`);
          assert(JSON.stringify(other) !== JSON.stringify(record), "it has done it all the same");
        });
      }
    });
  }
});

Deno.test("update() throws Invalid for names that a real Glance would change in a patch", async () => {
  await using stack = await startStack();
  const raw = await RawGlance.as(stack, "alice");
  const from = { name: "old", " padded": "x", padded: "y" };
  const [bare, ours] = [await raw.create(from), await raw.create(from)];
  await raw.patch(bare, [{ op: "remove", path: "/ padded" }]);
  const left = await raw.record(bare) ?? {};
  assertEquals([left[" padded"], left["padded"]], ["x", undefined]);

  const { service, context } = await connect({ credentials: stack.credentials("alice") });
  const image = await service.show(context, ours);
  const removal = { properties: { " padded": null } };
  const options = { purgeProps: false };
  for (
    const update of [
      () => service.update(context, ours, removal, null, options),
      () => service.update(context, ours, { properties: { padded: "y" } }),
    ]
  ) await assertRejects(update, Invalid, '" padded"');
  await service.update(context, ours, { ...image, name: "new" });
  const { name, properties } = await service.show(context, ours);
  assertEquals([name, properties], ["new", { " padded": "x", padded: "y" }]);
});

/** The error a client raised, and the resulting image. */
interface Result {
  readonly error: string | null;
  readonly record: Fields;
}

/** The intended result of the edit. */
function expectedOf({ from, base = {}, set = {}, remove = [] }: Edit, record: Fields): Fields {
  const known = new Set([...Object.keys(from), ...Object.keys(set), ...remove]);
  const rest = Object.entries(record).filter(([key]) => !known.has(key));
  const left = Object.entries(from).filter(([key]) => !remove.includes(key));
  return ordered({ ...Object.fromEntries(rest), ...Object.fromEntries(left), ...base, ...set });
}

async function editByUs(stack: LiveStack, ids: readonly string[]): Promise<void> {
  const { service, context } = await connect({ credentials: stack.credentials("alice") });
  for (const [i, { base = {}, set = {}, remove = [] }] of EDITS.entries()) {
    const removed = Object.fromEntries(remove.map((name) => [name, null]));
    const meta: ImageMeta = { ...base, properties: { ...removed, ...set } };
    await service.update(context, ids[i] ?? "", meta, null, { purgeProps: false });
  }
}

async function editBy(
  client: Client,
  stack: LiveStack,
  ids: readonly string[],
): Promise<(string | null)[]> {
  const { authUrl, username, password, projectName, userDomainName, projectDomainName } = stack
    .credentials("alice");
  const job = {
    client,
    endpoint: stack.glanceUrls[0],
    auth: {
      auth_url: authUrl,
      username,
      password,
      project_name: projectName,
      user_domain_name: userDomainName,
      project_domain_name: projectDomainName,
    },
    edits: EDITS.map(({ base = {}, set = {}, remove = [] }, i) => ({
      id: ids[i],
      base,
      set,
      remove,
    })),
  };
  // The script prints one word or null per edit.
  return await callPython("edits_driver.py", job) as (string | null)[];
}

async function recordOf(raw: RawGlance, id: string): Promise<Fields> {
  const record = await raw.record(id) ?? {};
  return ordered(Object.fromEntries(
    Object.entries(record).filter(([key]) => !INCIDENTAL.includes(key)),
  ));
}

/** Sorted, because tags are a set and properties have no order. */
function ordered(record: Fields): Fields {
  const entries = Object.entries(record).map(([key, value]) =>
    [key, Array.isArray(value) ? [...value].sort() : value] as const
  );
  return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));
}
