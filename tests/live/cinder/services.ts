/**
 * Makes the same calls to Cinder's service in Python and to ours. A step is written once, with
 * Cinder's names. An image has a placeholder such as `<one>`, which is a different id for each
 * service. The results are normalized, so they can be compared field by field.
 */
import { getDefaultImageService, type GlanceError, type RequestContext } from "../../../mod.ts";
import type { Image, ImageMeta, JsonValue, ListParameters, UploadData } from "../../../mod.ts";
import { runPython } from "../python.ts";
import type { IssuedToken } from "../stack.ts";

/** The called methods. */
export type Method =
  | "detail"
  | "show"
  | "list_members"
  | "get_stores"
  | "get_location"
  | "add_location"
  | "create"
  | "update"
  | "delete"
  | "download";

/** A JSON object. */
export type Json = { readonly [key: string]: JsonValue };

/** One call, with Cinder's names. */
export interface Step {
  /** Its claim. The table of differences refers to it. */
  readonly name: string;
  readonly method: Method;
  /** `{ $text }` and `{ $file }` are data. */
  readonly args?: readonly JsonValue[];
  readonly kwargs?: Json;
  /** The user; "none" for a call without a token. */
  readonly as?: string;
  /** Servers for this call; null takes them from the catalog. */
  readonly servers?: readonly string[] | null;
  /** Schemes of URLs that are read directly. */
  readonly schemes?: readonly string[];
}

/** The outcome of a step: a value with Cinder's names, or a one-line error. */
export type Outcome = { readonly ok: unknown } | { readonly error: string };

/** The configuration of both services. */
export interface RunContext {
  readonly servers: readonly string[];
  readonly callers: Readonly<Record<string, IssuedToken>>;
  /** Placeholder to value for this service: an id, a path, or a server. */
  readonly names: Readonly<Record<string, string>>;
  /** Images that both services use; their dates are compared. */
  readonly shared: ReadonlySet<string>;
  /** Start of the run, in milliseconds. Later dates of Glance are replaced by "now". */
  readonly started: number;
  /** Folder that our service may read files from; Cinder's has no such limit. */
  readonly directUrlRoot: string;
}

/** One retry, which is enough if one of two servers is down. */
const RETRIES = 1;

/** Runs steps with Cinder's service. */
export async function runCinder(steps: readonly Step[], context: RunContext): Promise<Outcome[]> {
  const script = {
    servers: context.servers,
    retries: RETRIES,
    catalog: catalogOf(context),
    callers: context.callers,
    steps: steps.map((step) => named(step, context)),
  };
  const { code, stdout, stderr } = await runPython("cinder_driver.py", script);
  const lines = stdout.trim().split("\n");
  if (code !== 0 || lines.length !== steps.length) {
    throw new Error(`Cannot drive Cinder: status ${code}, ${lines.length} results\n${stderr}`);
  }
  const normalizer = new Normalizer(context);
  return lines.map((line) => normalizer.outcome(theirs(JSON.parse(line))));
}

/** Runs steps with our service. */
export async function runOurs(steps: readonly Step[], context: RunContext): Promise<Outcome[]> {
  const normalizer = new Normalizer(context);
  const outcomes: Outcome[] = [];
  for (const step of steps) {
    outcomes.push(normalizer.outcome(await ours(named(step, context), context)));
  }
  return outcomes;
}

/** Normalizes an image as stored by Glance. */
export function normalizeRecord(record: unknown, context: RunContext): Outcome {
  return new Normalizer(context).outcome({ ok: record });
}

/** The catalog in the format that Cinder reads. */
function catalogOf({ servers }: RunContext): readonly Json[] {
  return [{ type: "image", name: "glance", endpoints: [{ publicURL: servers[0] ?? "" }] }];
}

/** A result of the driver. Cinder's own errors without a response are reduced to their class. */
function theirs(result: Json): Outcome {
  const { error, ok } = result as {
    error?: Record<"class" | "module" | "message", string>;
    ok: Json;
  };
  if (error === undefined) return { ok };
  const response = /^HTTP (\d+) [^:]*: (.*)$/s.exec(error.message);
  if (response !== null) {
    return { error: `${error.class} ${response[1]}: ${sentence(unescapeHtml(response[2] ?? ""))}` };
  }
  if (error.module.startsWith("cinder")) return { error: error.class };
  return { error: `${error.class}: ${sentence(error.message)}` };
}

async function ours(step: Step, context: RunContext): Promise<Outcome> {
  try {
    return { ok: await call(step, context) };
  } catch (error) {
    const { name, message, status } = error as GlanceError;
    const said = /: the server responded with \d+(?:, "(.*?)")?(?:; .*)?$/s.exec(message);
    return { error: said === null ? `${name}: ${message}` : `${name} ${status}: ${said[1] ?? ""}` };
  }
}

async function call(step: Step, context: RunContext): Promise<unknown> {
  const { servers = context.servers, schemes = [] } = step;
  const service = getDefaultImageService({
    apiServers: servers,
    numRetries: RETRIES,
    allowedDirectUrlSchemes: schemes,
    directUrlRoots: [context.directUrlRoot],
  });
  const caller = contextOf(step.as, context);
  const [first, second, third] = step.args ?? [];
  const id = String(first);
  const kwargs = step.kwargs ?? {};
  switch (step.method) {
    case "detail":
      return (await service.detail(caller, camelKeys(kwargs) as ListParameters)).map(asCinderImage);
    case "show":
      return asCinderImage(await service.show(caller, id));
    case "list_members":
      return await service.listMembers(caller, id);
    case "get_stores":
      return await service.getStores(caller);
    case "get_location":
      return await service.getLocation(caller, id);
    case "add_location":
      return asCinderImage(
        await service.addLocation(caller, id, String(second), third as Json),
      );
    case "create":
      return asCinderImage(
        await service.create(caller, camelKeys(first as Json) as ImageMeta, await dataOf(second)),
      );
    case "update":
      return asCinderImage(
        await service.update(
          caller,
          id,
          camelKeys(second as Json) as ImageMeta,
          await dataOf(third),
          camelKeys(kwargs),
        ),
      );
    case "delete":
      return await service.delete(caller, id);
    case "download":
      return await measured(await service.download(caller, id));
  }
}

function contextOf(caller: string | undefined, context: RunContext): RequestContext {
  const known = caller === undefined ? undefined : context.callers[caller];
  const serviceCatalog = catalogOf(context) as unknown as NonNullable<
    RequestContext["serviceCatalog"]
  >;
  if (known === undefined) return { serviceCatalog };
  const { token, userId, projectId, roles } = known;
  return { authToken: token, userId, projectId, roles, serviceCatalog };
}

async function dataOf(value: JsonValue | undefined): Promise<UploadData | null> {
  if (value === undefined || value === null) return null;
  const { $text, $file } = value as { $text?: string; $file?: string };
  if ($text !== undefined) return new TextEncoder().encode($text);
  return (await Deno.open($file ?? "")).readable;
}

async function measured(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Json> {
  const bytes = await new Response(stream).bytes();
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return { size: bytes.byteLength, sha256: new Uint8Array(digest).toHex() };
}

function camelKeys(record: Json): Record<string, JsonValue> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [
      key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}

/** An image with Cinder's keys. */
function asCinderImage(image: Image): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(image).map(([key, value]) => [
      key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}

function named(step: Step, { names }: RunContext): Step {
  return JSON.parse(
    JSON.stringify(step),
    (_, value) =>
      typeof value === "string" ? value.replaceAll(/<\w+>/g, (name) => names[name] ?? name) : value,
  );
}

/** Glance's explanation on one line, without a final period. */
function sentence(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().replace(/[.\s]+$/, "");
}

function unescapeHtml(text: string): string {
  return text.replaceAll("&#x27;", "'").replaceAll("&quot;", '"').replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** Sorts the tags, because Glance returns them in any order. */
function inOrder(key: string, value: unknown): unknown {
  return key === "tags" && Array.isArray(value) ? value.toSorted() : value;
}

/** A date as the driver formats a Python datetime. Other text that looks like a date ends in Z. */
const PYTHON_DATE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\+00:00$/;
const TEXT_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** A generated id. */
const UUID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;

/** Replaces what differs between two runs (ids and times) with placeholders. */
class Normalizer {
  readonly #names: readonly (readonly [value: string, name: string])[];
  readonly #shared: ReadonlySet<string>;
  readonly #started: number;

  constructor({ names, shared, started }: RunContext) {
    this.#names = Object.entries(names).map(([name, value]) => [value, name]);
    this.#shared = shared;
    // Glance's times are in whole seconds.
    this.#started = Math.floor(started / 1000) * 1000;
  }

  outcome(outcome: Outcome): Outcome {
    return "error" in outcome
      ? { error: this.#named(outcome.error) }
      : { ok: this.#value(outcome.ok, false) };
  }

  #value(value: unknown, isShared: boolean): unknown {
    if (typeof value === "string") return this.#text(value, isShared);
    if (value instanceof Date) return this.#date(value, isShared);
    if (Array.isArray(value)) return value.map((item) => this.#value(item, isShared));
    if (typeof value !== "object" || value === null) return value;
    const { id = null, image_id = id } = value as { id?: string | null; image_id?: string | null };
    const isKnown = isShared || this.#shared.has(this.#named(String(image_id)));
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, this.#value(inOrder(key, item), isKnown)]),
    );
  }

  #text(text: string, isShared: boolean): string {
    const date = PYTHON_DATE.exec(text)?.[1];
    if (date !== undefined) return this.#date(new Date(`${date}Z`), isShared);
    if (TEXT_DATE.test(text)) return `text ${this.#time(new Date(text), isShared)}`;
    return this.#named(text);
  }

  #date(date: Date, isShared: boolean): string {
    return `Date ${this.#time(date, isShared)}`;
  }

  #time(date: Date, isShared: boolean): string {
    const ms = date.getTime();
    const isNow = ms >= this.#started && ms <= Date.now();
    return isNow && !isShared ? "<now>" : date.toISOString();
  }

  #named(text: string): string {
    const named = this.#names.reduce(
      (result, [value, name]) => result.replaceAll(value, name),
      text,
    );
    return named.replaceAll(UUID, "<new>");
  }
}
