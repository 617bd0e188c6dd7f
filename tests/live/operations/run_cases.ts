/** Runs the cases of the operation table, and formats the results. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { GlanceClientWrapper, type GlanceError, type RequestContext } from "../../../mod.ts";
import { embeddedTarget } from "../../embedded/target.ts";
import { CLOUD_CASES, NODE_URL } from "./cloud_cases.ts";
import { IMAGE_CASES } from "./image_cases.ts";
import { METADEF_CASES } from "./metadef_cases.ts";
import { freePort } from "../../support/free_port.ts";
import { RawGlance } from "../raw_glance.ts";
import type { Call, OperationCase, OperationCases, OperationHarness, User } from "./case.ts";
import { Traffic } from "../traffic.ts";
import type { OperationDescription, OperationName } from "../../../lib/api/mod.ts";

/** Compiles only if every operation has a case. */
const CASES: OperationCases<OperationName> = { ...IMAGE_CASES, ...CLOUD_CASES, ...METADEF_CASES };

/** The outcome of a case. */
export interface CaseResult {
  readonly name: OperationName;
  readonly row: OperationDescription;
  readonly where: string;
  readonly success: string;
  readonly failure: string;
}

/** A harness that records its requests. */
export interface RecordingHarness extends OperationHarness {
  readonly traffic: Traffic;
  readonly where: string;
}

/** Runs the good and the bad call of an operation. */
export async function runCase<M extends OperationName>(
  harness: RecordingHarness,
  name: M,
  row: OperationDescription,
): Promise<CaseResult> {
  const { good, bad, error }: OperationCase<M> = CASES[name];
  const success = good === null ? "never" : await succeed(harness, name, row, await good(harness));
  const failure = await fail(harness, name, row, await bad(harness), error);
  return { name, row, where: harness.where, success, failure };
}

async function succeed<M extends OperationName>(
  harness: RecordingHarness,
  name: M,
  row: OperationDescription,
  { as, args, gives }: Call<M>,
): Promise<string> {
  harness.traffic.clear();
  const result = await harness.client.call(harness.contexts[as], name, ...args);
  const status = onlyStatus(harness, row);
  await gives?.(result);
  assert(status !== null && row.success.includes(status), `${name} succeeds with ${status}`);
  return `${status}${resultOf(result)}`;
}

async function fail<M extends OperationName>(
  harness: RecordingHarness,
  name: M,
  row: OperationDescription,
  { as, args, isGone = false }: Call<M>,
  ErrorClass: new (message: string) => GlanceError,
): Promise<string> {
  const client = isGone ? harness.gone : harness.client;
  harness.traffic.clear();
  const error = await assertRejects(
    async () => await client.call(harness.contexts[as], name, ...args),
    ErrorClass,
  );
  assertEquals(error.constructor, ErrorClass);
  const status = onlyStatus(harness, row);
  assertEquals(error.status ?? null, status);
  assert(isGone || status !== null && status in row.errors, `${name} fails with ${status}`);
  return `${error.name} ${status ?? "(no server)"}`;
}

/** The status of the only request, which must match the operation. */
function onlyStatus(
  { traffic }: RecordingHarness,
  { verb, path }: OperationDescription,
): number | null {
  const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
  const [sent] = traffic.sent;
  if (sent === undefined || traffic.sent.length > 1) {
    throw new Error(`${traffic.sent.length} requests were made instead of one`);
  }
  assertEquals(sent.method, verb);
  assert(pattern.test(new URL(sent.url).pathname), `${sent.url} is ${path}`);
  return sent.status;
}

/** A harness for two users and an administrator at a server; `where` is its name in the table. */
export function harnessAt(
  url: string,
  tokens: Readonly<Record<"admin" | "alice" | "bob", string>>,
  projectOfBob: string,
  where: string,
): RecordingHarness {
  const traffic = new Traffic();
  const shared = { fetch: traffic.fetch, numRetries: 0 };
  const contextOf = (authToken: string): RequestContext => ({ authToken });
  const contexts: Record<User, RequestContext> = {
    admin: contextOf(tokens.admin),
    alice: contextOf(tokens.alice),
    bob: contextOf(tokens.bob),
    unauthenticated: contextOf("gAAAAAnobody"),
  };
  return {
    client: new GlanceClientWrapper({ ...shared, apiServers: [url] }),
    gone: new GlanceClientWrapper({ ...shared, apiServers: [`http://127.0.0.1:${freePort()}`] }),
    contexts,
    raw: {
      admin: new RawGlance(url, tokens.admin),
      alice: new RawGlance(url, tokens.alice),
      bob: new RawGlance(url, tokens.bob),
    },
    projectOfBob,
    traffic,
    where,
  };
}

/** An embedded Glance on loopback with every feature, directly or through a gateway. */
export function serveEmbedded(
  gatewayTo?: (url: string) => Handler,
): AsyncDisposable & { readonly harness: RecordingHarness } {
  const { fetch, tokens, projects } = embeddedTarget({
    version: "2.18",
    imageCache: { nodeUrl: NODE_URL },
  });
  const glance = serve((request) => fetch(request));
  const gateway = gatewayTo === undefined ? null : serve(gatewayTo(glance.url));
  return {
    harness: harnessAt((gateway ?? glance).url, tokens, projects.bob, "embedded"),
    async [Symbol.asyncDispose]() {
      await gateway?.server.shutdown();
      await glance.server.shutdown();
    },
  };
}

type Handler = (request: Request) => Response | Promise<Response>;

function serve(handler: Handler) {
  const where = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(where, handler);
  return { server, url: `http://127.0.0.1:${server.addr.port}` };
}

function resultOf(result: unknown): string {
  if (result === undefined) return "";
  if (result instanceof Response) return " data";
  return Array.isArray(result) ? " list" : typeof result === "string" ? " text" : " object";
}

/** The outcomes as a table. */
export function tableOf(results: readonly CaseResult[]): string {
  const head = ["operation", "request", "since", "Glance", "success", "failure"];
  const rows = results.map(({ name, row, where, success, failure }) => [
    name,
    `${row.verb} ${row.path}`,
    row.since,
    where,
    success,
    failure,
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0)));
  return [head, ...rows]
    .map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd())
    .join("\n");
}
