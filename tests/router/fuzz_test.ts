import { assert, assertEquals } from "@std/assert";
import { ROUTES } from "../../lib/router/routes.ts";
import { between, pick, seededBytes, seededRandom } from "../support/seed.ts";
import type { Arrived } from "../support/fake_glance.ts";
import { Cloud } from "./cloud.ts";

/** Requests of one run. `FUZZ_SEED` chooses others, `FUZZ_RUNS` more. */
const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? 4_000);
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);

const METHODS = ["GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"];

const PIECES = [
  "..",
  ".",
  "%2e%2e",
  "%2E.",
  "%2f",
  "%5c",
  "\\",
  "%00",
  "%0d%0a",
  "%",
  "%zz",
  "%ff",
  "%c0%ae",
  "%25%32%66",
  "%252f",
  ";x=1",
  "@evil.example",
  "//evil.example",
  "http:%2f%2fevil.example",
  "ü",
  "😀",
  " ",
  "+",
  "~",
  "a".repeat(3000),
  "admin",
  "v1",
  "v2",
  "v2.9",
  "images",
  "file",
  "metrics",
];

const RANGES: readonly [string, readonly string[]] = ["range", [
  "bytes=0-",
  "bytes=-1",
  "bytes=3-9999",
  "bytes=1-1",
  "bytes=99999-",
  "bytes=5-4",
  "bytes=0-1,3-4",
  "lines=1-2",
  "bytes=9e9-",
  "bytes=a",
  `bytes=${"9".repeat(30)}-`,
]];

const HEADERS: readonly (readonly [string, readonly string[]])[] = [
  ["if-range", ['"x"', 'W/"x"', "*", "yesterday"]],
  ["if-match", ['"x"', "*", "x", ",,,"]],
  ["if-none-match", ['"x"', "*", 'W/"', '"'.repeat(100)]],
  ["content-range", ["bytes 0-1/5", "bytes */*", "x"]],
  ["accept", [
    "*/*",
    "text/html",
    "application/json;q=x",
    ";;;",
    "application/vnd.openstack.images-v2",
  ]],
  ["content-type", ["application/json", "application/octet-stream", "text/plain; charset=x", ""]],
  ["content-length", ["0", "5", "-1", "9".repeat(30), "1, 1", "x"]],
  ["transfer-encoding", ["chunked", "gzip, chunked", "x"]],
  ["connection", ["x-auth-token", "close, te", ",", "keep-alive"]],
  ["x-auth-token", ["t", "ü", ""]],
  ["x-roles", ["admin"]],
  ["x-user-id", ["root"]],
  ["x-is-admin-project", ["True"]],
  ["x-forwarded-host", ["evil.example"]],
  ["x-http-method-override", ["DELETE"]],
  ["x-openstack-request-id", ["req-1", "x".repeat(500), "a b"]],
  ["x-openstack-image-size", ["5", "-5", "five", "9".repeat(20)]],
  ["x-image-meta-store", ["local", "nope", ""]],
  ["host", ["evil.example"]],
  ["expect", ["100-continue"]],
];

const BODIES = [
  "",
  "{}",
  "[]",
  "null",
  '{"name": "x"}',
  '{"id": 5}',
  '{"__proto__": {"id": "x"}}',
  '[{"op": "add", "path": "/x", "value": "1"}]',
  '{"method": {"name": "glance-direct"}}',
  "{".repeat(2000),
  "\ufeff{}",
  '{"name": "\\ud800"}',
];

Deno.test("createImageRouter() sends no request but those of the API, and shows no error of its own, for random requests", async () => {
  console.log(`seed ${SEED}`);
  const random = seededRandom(SEED);
  const cloud = new Cloud();
  let ids: readonly string[] = [];
  const answered: Record<string, number> = {};
  let reached = 0;
  let hasFailed = false;
  cloud.intercept = async (_, respond) => {
    const response = await respond();
    hasFailed ||= response.status >= 500;
    return response;
  };
  const routers = [cloud.router(), cloud.router({ resume: false, cors: { origins: "*" } })];
  for (let run = 0; run < RUNS; run++) {
    if (run % 500 === 0) ids = await freshIds(cloud);
    cloud.requests.length = 0;
    hasFailed = false;
    const method = pick(random, METHODS);
    const url = randomUrl(random, ids);
    const request = randomRequest(random, method, url);
    const where = `seed ${SEED}, run ${run}: ${method} ${url.slice(0, 200)}`;
    const response = await pick(random, routers).fetch(request);
    await response.arrayBuffer().catch(() => {});
    assert(
      response.status < 500 || response.status === 501 && method === "BREW" || hasFailed,
      `${where}: ${response.status}, ${cloud.logged.at(-1)?.error}`,
    );
    for (const arrived of cloud.requests) check(arrived, where);
    answered[response.status] = (answered[response.status] ?? 0) + 1;
    reached += Number(cloud.requests.length > 0);
  }
  console.log(`${RUNS} requests, ${reached} of them asked a server; by status`, answered);
  const common = ["200", "204", "206", "300", "400", "404", "405", "415", "416"];
  assertEquals(common.filter((status) => !(status in answered)), [], "requests of too few kinds");
  assert(reached > RUNS / 5, `only ${reached} requests asked a server`);
});

/** Images with data of several sizes, some of which are deleted meanwhile, and one that does not exist. */
async function freshIds(cloud: Cloud): Promise<readonly string[]> {
  const images = [await cloud.image(0), await cloud.image(5), await cloud.image(2000)];
  return [...images.map(({ id }) => id), "00000000-0000-4000-8000-000000000000"];
}

/** The paths of the API as patterns, and what precedes the API. */
const REACHABLE = [
  /^\/(versions|healthcheck)?$/,
  /^\/v2(\.\d+)?\/$/,
  ...new Set(
    ROUTES.map(({ path }) =>
      new RegExp(`^/v2(\\.\\d+)?${path.slice("/v2".length).replaceAll(/\{\w+\}/g, "[^/]+")}$`)
    ),
  ),
];

const FORBIDDEN_HEADERS =
  /^(x-roles|x-user-id|x-is-admin|x-forwarded|x-http-method|connection|transfer-encoding|host|expect|if-|authorization|cookie)/;

function check({ server, path, headers }: Arrived, where: string): void {
  assert(/^http:\/\/[ab]:9292$/.test(server), `${where}: ${server} was asked`);
  const [pathname = ""] = path.split("?");
  assert(REACHABLE.some((pattern) => pattern.test(pathname)), `${where}: ${path} was asked`);
  for (const segment of pathname.split("/")) {
    const decoded = decodeURIComponent(segment);
    assert(decoded !== "." && decoded !== ".." && !decoded.includes("/"), `${where}: ${path}`);
  }
  for (const [name, value] of headers) {
    assert(!FORBIDDEN_HEADERS.test(name), `${where}: ${name} was passed on`);
    assert(name !== "x-openstack-request-id" || value.length <= 64, `${where}: ${name}: ${value}`);
  }
}

/** The data of an image, a path of the API with one change, or a random path. */
function randomUrl(random: () => number, ids: readonly string[]): string {
  if (random() < 0.3) return `http://gateway/v2/images/${pick(random, ids)}/file`;
  const template = pick(random, ROUTES).path.replaceAll(/\{\w+\}/g, () => pick(random, ids));
  const segments = random() < 0.1 ? [] : template.split("/").slice(1);
  for (let changes = between(random, 0, 2); changes > 0; changes--) {
    const at = between(random, 0, segments.length);
    const piece = Array.from({ length: between(random, 1, 2) }, () => pick(random, PIECES)).join(
      "",
    );
    const joined = random() < 0.5 ? piece : `${segments[at] ?? ""}${piece}`;
    segments.splice(at, random() < 0.5 ? 0 : 1, joined);
  }
  const query = random() < 0.3 ? `?${pick(random, PIECES)}=${pick(random, PIECES)}&limit=1` : "";
  return `http://gateway/${segments.join("/")}${query}`;
}

function randomRequest(random: () => number, method: string, url: string): Request {
  const headers = new Headers();
  for (let count = between(random, 0, 4); count > 0; count--) {
    const [name, values] = random() < 0.2 ? RANGES : pick(random, HEADERS);
    try {
      headers.set(name, pick(random, values));
    } catch {
      // No runtime lets such a header in.
    }
  }
  const hasBody = method !== "GET" && method !== "HEAD" && random() < 0.7;
  const body = random() < 0.3 ? seededBytes(between(random, 0, 999), 5000) : pick(random, BODIES);
  const request = new Request("http://gateway/", { method, headers, ...hasBody && { body } });
  // Unchanged, as on the wire: a runtime would normalize it.
  return new Proxy(request, {
    get(target, name) {
      if (name === "url") return url;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
