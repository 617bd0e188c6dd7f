/**
 * Bad input as a table: the called method, the argument, the expected error, and the text of its message. No
 * part of an error may contain a secret.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createEmbeddedGlance, type EmbeddedGlanceOptions } from "../../lib/embedded/mod.ts";
import {
  getDefaultImageService,
  GlanceError,
  type GlanceImageService,
  type GlanceOptions,
  type ImageMeta,
  type RequestContext,
} from "../../mod.ts";

/** Every secret of the rows, and nothing else, contains this word. */
export const CANARY = "canary";

export const TOKEN: string = `gAAAA-${CANARY}-token`;
export const OLD_TOKEN: string = `gAAAA-${CANARY}-ended`;
export const PASSWORD: string = `${CANARY}-password`;
export const META: ImageMeta = { name: "disk", diskFormat: "raw", containerFormat: "bare" };

/** A frozen clock: no timer ends, and a delay between two requests ends immediately. */
export const STILL: GlanceOptions = {
  sleep: () => Promise.resolve(),
  timer: () => () => {},
  now: () => 0,
  random: () => 0.5,
};

export const ALICE: RequestContext = { authToken: TOKEN, userId: "alice", projectId: "demo" };

/** Part of every message about a number. */
export const WHOLE_NUMBER = "must be a whole number of at least";

/** Part of every message about a URL. */
export const NO_URL = "http or https URL";

/** The fixture of a row: a service over an embedded Glance that accepts Alice's token. */
export class BadInputFixture {
  readonly service: GlanceImageService;

  constructor(options: EmbeddedGlanceOptions = {}) {
    const glance = createEmbeddedGlance({
      identify: (token) =>
        token === TOKEN ? { userId: "alice", projectId: "demo", roles: ["member"] } : null,
      ...options,
    });
    this.service = getDefaultImageService({
      ...STILL,
      apiServers: ["glance.example:9292"],
      fetch: (input, init) => glance.fetch(new Request(input, init)),
    });
  }

  /** An image of the ten bytes 0123456789. */
  async image(meta: ImageMeta = {}): Promise<string> {
    return (await this.service.create(ALICE, { ...META, ...meta }, new Blob(["0123456789"]))).id;
  }

  /** An image without data. */
  async queued(meta: ImageMeta = META): Promise<string> {
    return (await this.service.create(ALICE, meta)).id;
  }
}

type ErrorClass = new (...args: never[]) => Error;

/** A call that fails. */
export interface Row {
  /** The called method. */
  readonly method: string;
  /** The cause in the message. */
  readonly title: string;
  readonly call: (fixture: BadInputFixture) => unknown;
  readonly error: ErrorClass;
  /** The thing, the cause, and the hint. */
  readonly message: readonly string[];
}

export function row(
  method: string,
  title: string,
  call: Row["call"],
  error: ErrorClass,
  ...says: string[]
): Row {
  return { method, title, call, error, message: says };
}

/** Arguments that the types reject but a JavaScript caller can pass. */
export function untyped<T>(value: unknown): T {
  return value as T;
}

/** Shows an image of a server that gives every request the same response. */
export function showFrom(response: () => Response): Row["call"] {
  return () =>
    getDefaultImageService({
      ...STILL,
      apiServers: ["glance.example"],
      fetch: () => Promise.resolve(response()),
    }).show(ALICE, "42");
}

/** Declares a test for each row. */
export function testBadInput(rows: readonly Row[]): void {
  for (const { method, title, call, error: ErrorClass, message: says } of rows) {
    Deno.test(`${method} throws ${ErrorClass.name} when given ${title}`, async () => {
      const error = await errorOf(call);
      assertEquals(error.name, ErrorClass.name, error.message);
      assert(error.constructor === ErrorClass);
      for (const text of says) assertStringIncludes(error.message, text);
      if (error instanceof GlanceError) assertGrammar(error.message);
      assertEquals(secretsIn(error), []);
    });
  }
}

async function errorOf(call: Row["call"]): Promise<Error> {
  let result;
  try {
    result = await call(new BadInputFixture());
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  if (result instanceof ReadableStream) await result.cancel();
  throw new Error("it was accepted");
}

/** `Cannot <verb> <thing>: <cause>; <hint>`, without a final period and without contractions. */
function assertGrammar(message: string): void {
  assertMatch(message, /^Cannot [a-z]+ \S.*: \S/is);
  assertMatch(message, /[^.\s]$/);
  // The explanation of a server is quoted unchanged.
  const ours = message.replaceAll(/"[^"]*"/g, '""');
  assert(!/n't\b|\b(it|that|there)'s\b|'(re|ve|ll)\b/i.test(ours), ours);
}

/** Where the canary is in an error and its chain of causes. */
function secretsIn(error: unknown, path = "error", seen = new Set<unknown>()): string[] {
  if (typeof error === "string") return error.includes(CANARY) ? [`${path}: ${error}`] : [];
  if (typeof error !== "object" || error === null || seen.has(error)) return [];
  seen.add(error);
  const inspected = path === "error"
    ? secretsIn(Deno.inspect(error, { depth: 20 }), "inspect")
    : [];
  return [
    ...inspected,
    ...Object.getOwnPropertyNames(error).flatMap((key) =>
      secretsIn((error as Record<string, unknown>)[key], `${path}.${key}`, seen)
    ),
  ];
}
