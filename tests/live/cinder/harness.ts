/**
 * Prepares the comparison of two image services that run one after the other: shared images, images
 * of each service, and Glance's content after each run.
 */
import { FORMATS, randomBytes, RawGlance } from "../raw_glance.ts";
import { normalizeRecord, type Outcome, type RunContext, type Step } from "./services.ts";
import { OWN_IMAGES, SHARED_IMAGES, UNKNOWN } from "./images.ts";
import { STEPS } from "./steps.ts";
import type { IssuedToken, LiveStack } from "../stack.ts";

const KIB = 1024;

/** Runs steps with one of the services. */
export type ServiceRunner = (steps: readonly Step[], context: RunContext) => Promise<Outcome[]>;

/** Outcomes by the name of the step. */
export type Recording = ReadonlyMap<string, Outcome>;

/** The shared images, and the cleanup between the runs. */
export class CinderHarness {
  readonly #stack: LiveStack;
  readonly #alice: RawGlance;
  readonly #callers: Readonly<Record<string, IssuedToken>>;
  readonly #names: Readonly<Record<string, string>>;

  private constructor(
    stack: LiveStack,
    callers: Readonly<Record<string, IssuedToken>>,
    alice: RawGlance,
    names: Readonly<Record<string, string>>,
  ) {
    this.#stack = stack;
    this.#callers = callers;
    this.#alice = alice;
    this.#names = names;
  }

  /** @param tooLarge a number of bytes that exceeds Glance's limit. */
  static async prepare(stack: LiveStack, tooLarge: number): Promise<CinderHarness> {
    const [alice, bob, admin] = await Promise.all([
      stack.token("alice"),
      stack.token("bob"),
      stack.token("admin"),
    ]);
    const mallory = { ...alice, token: "rubbish" };
    const rawOf = ({ token }: IssuedToken) => new RawGlance(stack.glanceUrls[0], token);
    const large = `${stack.directory}/large`;
    await Deno.writeFile(large, new Uint8Array(tooLarge));
    const [a, b] = stack.glanceUrls;
    return new CinderHarness(stack, { alice, bob, admin, mallory }, rawOf(alice), {
      "<a>": a,
      "<b>": b,
      "<large>": large,
      ...await sharedImages(stack, rawOf(alice), rawOf(bob), rawOf(admin), bob.projectId),
    });
  }

  /** Runs steps, reads the resulting images from Glance, and deletes them. */
  async run(runner: ServiceRunner, steps: readonly Step[]): Promise<Recording> {
    const own = [...OWN_IMAGES, UNKNOWN].map((name) => [name, crypto.randomUUID()] as const);
    const names = { ...this.#names, ...Object.fromEntries(own) };
    const context: RunContext = {
      servers: this.#stack.glanceUrls,
      callers: this.#callers,
      names,
      shared: new Set(SHARED_IMAGES),
      started: Date.now(),
      directUrlRoot: `${this.#stack.directory}/stores`,
    };
    const imported = await this.#alice.create({ id: names["<imported>"], name: "imported" });
    await this.#alice.import(imported, new TextEncoder().encode("imported"));
    const outcomes = await runner(steps, context);
    const record = new Map(steps.map(({ name }, i) => [name, outcomes[i] as Outcome]));
    if (steps === STEPS) await this.#inspect(context, record);
    await this.#removeOwn();
    return record;
  }

  async #inspect(context: RunContext, record: Map<string, Outcome>): Promise<void> {
    for (const placeholder of OWN_IMAGES) {
      const held = await this.#alice.record(context.names[placeholder] ?? "");
      record.set(`what Glance holds of ${placeholder}`, normalizeRecord(held, context));
    }
    const names = (await this.#ownImages()).map(({ name }) => name).sort();
    record.set("what Glance holds in all", normalizeRecord(names, context));
  }

  async #removeOwn(): Promise<void> {
    await this.#alice.deleteAll((await this.#ownImages()).map(({ id }) => String(id)));
  }

  async #ownImages(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const shared = new Set(SHARED_IMAGES.map((name) => this.#names[name]));
    return (await this.#alice.images()).filter(({ id }) => !shared.has(String(id)));
  }
}

/** Creates the images that both services read; returns ids by placeholder. */
async function sharedImages(
  stack: LiveStack,
  alice: RawGlance,
  bob: RawGlance,
  admin: RawGlance,
  bobsProject: string,
): Promise<Record<string, string>> {
  const common = await alice.create({
    name: "common",
    visibility: "shared",
    tags: ["first", "second"],
    color: "röt ☃",
    "a key with spaces": "",
    mappings: '[{"device": "sda"}]',
    block_device_mapping: "[]",
    cinder_encryption_key_id: "4d2b4c60-2c1c-4e0f-9d5c-1d0e4b1c7a11",
    ...FORMATS,
  }, randomBytes(300 * KIB));
  await alice.json("POST", `images/${common}/members`, { member: bobsProject });
  await bob.json("PUT", `images/${common}/members/${bobsProject}`, { status: "accepted" });
  const deactivated = await alice.create({ name: "deactivated" }, randomBytes(KIB));
  await admin.json("POST", `images/${deactivated}/actions/deactivate`);
  const damaged = await alice.create({ name: "damaged" }, randomBytes(KIB));
  await damage(`${stack.directory}/stores/fast/${damaged}`);
  return {
    "<common>": common,
    "<colon>": await alice.create({ name: "os: any", tags: ["first"] }, randomBytes(2 * KIB)),
    "<public>": await admin.create({ name: "public", visibility: "public" }, randomBytes(KIB)),
    "<queued>": await alice.create({ name: "queued" }),
    "<community>": await alice.create({ name: "community", visibility: "community" }),
    "<deactivated>": deactivated,
    "<damaged>": damaged,
  };
}

/** Changes one byte in Glance's store. */
async function damage(path: string): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[500] = (bytes[500] ?? 0) ^ 1;
  await Deno.writeFile(path, bytes);
}
