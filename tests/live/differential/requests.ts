/** Reproducible sequences of random requests. */
import { between, pick, seededRandom } from "../../support/seed.ts";
import { bodyOf, CREATES, ROUTES, type RouteWords } from "./routes.ts";
import type { Step, User } from "./step.ts";
import {
  ACCEPTS,
  CONTENT_RANGES,
  CONTENT_TYPES,
  IDS,
  METHODS,
  NAMES,
  ODD_BODIES,
  ODD_BYTES,
  ODD_HEADERS,
  ODD_IDS,
  ODD_SEGMENTS,
  RANGES,
} from "./vocabulary.ts";

/** Maximum number of requests in a sequence. */
const LENGTH = 20;

const USERS: readonly User[] = [
  ...Array.from({ length: 10 }, () => "alice" as const),
  ...Array.from({ length: 8 }, () => "admin" as const),
  "bob",
  "bob",
  "bob",
  "carol",
  "carol",
  "stranger",
  "anonymous",
];

type Random = () => number;

/** A sequence that starts by creating something. */
export function sequenceOf(seed: number): readonly Step[] {
  const random = seededRandom(seed);
  const steps: Step[] = [];
  for (const create of CREATES) {
    if (random() < create.chance) steps.push(...create.steps(random));
  }
  while (steps.length < LENGTH) steps.push(randomStep(random));
  return steps;
}

function randomStep(random: Random): Step {
  if (random() < 0.06) return oddPath(random);
  const route = weighted(random);
  const isOdd = random() < 0.2;
  const method = random() < 0.05 ? pick(random, METHODS) : pick(random, route.methods);
  const path = pathOf(random, route) + queryOf(random, route);
  const body = bodyFor(random, method, route);
  const headers = [
    ...acceptOf(random),
    ...body === null ? [] : typeOf(random, method, route),
    ...route.path.endsWith("/file") && method === "GET" ? rangeOf(random) : [],
    ...isOdd ? [oddHeader(random)] : [],
  ];
  return {
    user: pick(random, USERS),
    method,
    path: isOdd && random() < 0.3 ? withOddSegment(random, path) : path,
    headers: withoutDuplicates(headers),
    body,
    isChunked: body !== null && random() < 0.2,
  };
}

function weighted(random: Random): RouteWords {
  const total = ROUTES.reduce((sum, { weight = 1 }) => sum + weight, 0);
  let at = random() * total;
  for (const route of ROUTES) {
    at -= route.weight ?? 1;
    if (at < 0) return route;
  }
  return pick(random, ROUTES);
}

/** The path with its placeholders replaced. */
function pathOf(random: Random, { path }: RouteWords): string {
  return path.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => {
    if (random() < 0.06) return pick(random, ODD_SEGMENTS);
    if (name === "image") return random() < 0.1 ? pick(random, ODD_IDS) : pick(random, IDS);
    if (name === "task") return random() < 0.2 ? pick(random, IDS) : placeholder;
    if (name === "store") return pick(random, ["fast", "slow", "web", "none"]);
    return encodeURIComponent(nameOf(random));
  });
}

function nameOf(random: Random): string {
  return random() < 0.6 ? pick(random, ["a", "b"]) : pick(random, NAMES);
}

function queryOf(random: Random, route: RouteWords): string {
  const { query, order } = route;
  if (query === undefined) return random() < 0.03 ? "?x=1" : "";
  const parameters = Array.from(
    { length: between(random, 0, 3) },
    () => {
      const [name, values] = pick(random, query);
      const value = pick(random, values);
      return `${name}=${random() < 0.1 ? pick(random, ODD_SEGMENTS) : encodeURIComponent(value)}`;
    },
  );
  // The default order depends on the clock, so a page needs an explicit order.
  const isPage = parameters.some((text) => text.startsWith("limit="));
  const isSorted = parameters.some((text) => text.startsWith("sort"));
  if (isPage && !isSorted && order !== undefined) parameters.push(order);
  if (isPage && isSorted) return queryOf(random, route);
  return parameters.length === 0 ? "" : `?${parameters.join("&")}`;
}

function bodyFor(
  random: Random,
  method: string,
  route: RouteWords,
): Uint8Array<ArrayBuffer> | null {
  const hasBody = ["POST", "PUT", "PATCH"].includes(method) && route.body !== undefined;
  if (random() < 0.05) return random() < 0.3 ? null : oddBody(random);
  return hasBody ? bodyOf(random, route, method) : null;
}

function oddBody(random: Random): Uint8Array<ArrayBuffer> {
  return random() < 0.7
    ? new TextEncoder().encode(pick(random, ODD_BODIES))
    : pick(random, ODD_BYTES);
}

function acceptOf(random: Random): (readonly [string, string])[] {
  const dice = random();
  if (dice < 0.15) return [];
  return [["Accept", dice < 0.3 ? pick(random, ACCEPTS) : "application/json"]];
}

function typeOf(
  random: Random,
  method: string,
  { type }: RouteWords,
): (readonly [string, string])[] {
  if (random() < 0.08) return random() < 0.3 ? [] : [["Content-Type", pick(random, CONTENT_TYPES)]];
  const patch = `application/openstack-images-v2.${random() < 0.9 ? 1 : 0}-json-patch`;
  return [["Content-Type", method === "PATCH" ? patch : type ?? "application/json"]];
}

function rangeOf(random: Random): (readonly [string, string])[] {
  if (random() < 0.4) return [["Range", pick(random, RANGES)]];
  return random() < 0.1 ? [["Content-Range", pick(random, CONTENT_RANGES)]] : [];
}

function oddHeader(random: Random): readonly [string, string] {
  const [name, values] = pick(random, ODD_HEADERS);
  return [name, pick(random, values)];
}

function withoutDuplicates(
  headers: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  return [...new Map(headers.map(([name, value]) => [name.toLowerCase(), [name, value]] as const))
    .values()];
}

/** Adds, removes, or changes a segment, or adds slashes. */
function withOddSegment(random: Random, path: string): string {
  const [pathname = "", query] = path.split("?");
  const segments = pathname.split("/");
  const at = between(random, 1, segments.length);
  segments.splice(at, between(random, 0, 1), pick(random, ODD_SEGMENTS));
  return segments.join("/") + (query === undefined ? "" : `?${query}`);
}

const VERSIONS = ["v2", "v2.0", "v2.9", "v2.16", "v2.17", "v2.99", "v1", "v3", "V2", "v2."];

/** A path that is not, or almost, a path of the API. */
function oddPath(random: Random): Step {
  const version = pick(random, VERSIONS);
  const id = pick(random, IDS);
  const paths = [
    "/",
    "//",
    `//${version}/images`,
    "/?x=1",
    "/versions",
    "/versions/",
    "/versions/x",
    "/healthcheck",
    "/healthcheck/",
    "/healthcheck?x=1",
    `/${version}`,
    `/${version}/`,
    `/${version}/images`,
    `/${version}/images/${id}`,
    `/${version}//images`,
    `//${version}/images`,
    `/${version}/images/`,
    `/${version}/images/${id}/`,
    `/${version}/images/${id}/file/`,
    `/${version}/images/${id}/locations`,
    `/${version}/cache/clean`,
    `/${version}/cache/nodes/a`,
    `/${version}/nothing`,
    `/${version}/info`,
    `/${version}/schemas`,
    `/${version}/metadefs`,
    "/images",
    `/images/${id}`,
    "/info/import",
    "/nothing",
    `/${pick(random, ODD_SEGMENTS)}`,
    `/v2/${pick(random, ODD_SEGMENTS)}`,
  ];
  const method = random() < 0.7 ? "GET" : pick(random, METHODS);
  const accept = random() < 0.5 ? [["Accept", pick(random, ACCEPTS)] as const] : acceptOf(random);
  return {
    user: pick(random, USERS),
    method,
    path: pick(random, paths),
    headers: accept,
    body: null,
    isChunked: false,
  };
}
