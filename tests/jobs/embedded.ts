/** Embedded Glances with an injectable fetch and a simulated clock. */
import type { GlanceClientWrapperOptions, GlanceImageService, RequestContext } from "../../mod.ts";
import {
  createEmbeddedGlance,
  type EmbeddedGlanceOptions,
  type Identity,
} from "../../lib/embedded/mod.ts";
import type { SimulatedClock } from "../support/clock.ts";
import { worldOn } from "../support/world.ts";

/** A response instead of the server's; null lets the server answer. */
export type Meddler = (request: Request) => Response | null | Promise<Response | null>;

/** A cloud and one of its users. */
export interface Cloud {
  readonly service: GlanceImageService;
  readonly context: RequestContext;
  readonly clock: SimulatedClock;
  /** What was asked, in order, without the query: `GET /v2/images/…/file`. */
  readonly asked: string[];
  /** Asked before the server is. */
  meddle: Meddler;
  /** What the server says by itself. */
  readonly answer: (request: Request) => Promise<Response>;
}

/** The user `alice` of project `p1`, who is not an administrator, and `root`, who is. */
const PEOPLE: Readonly<Record<string, Identity>> = {
  alice: { userId: "alice", projectId: "p1", roles: ["member"] },
  bob: { userId: "bob", projectId: "p2", roles: ["member"] },
  root: { userId: "root", projectId: "p0", roles: ["admin"] },
};

/** A cloud of its own. */
export function cloudOf(
  options: EmbeddedGlanceOptions = {},
  client: GlanceClientWrapperOptions = {},
): Cloud {
  const identify = (token: string | null) => PEOPLE[token ?? ""] ?? null;
  const glance = createEmbeddedGlance({ identify, ...options });
  const asked: string[] = [];
  const world = worldOn(async (input, init) => {
    const request = new Request(input, init);
    asked.push(`${request.method} ${new URL(input).pathname}`);
    return await cloud.meddle(request) ?? await glance.fetch(request);
  }, { apiServers: ["a"], ...client });
  const cloud: Cloud = {
    service: world.service,
    context: contextOf("alice"),
    clock: world.clock,
    asked,
    meddle: () => null,
    answer: glance.fetch,
  };
  return cloud;
}

/** One of the people, as a caller. */
export function contextOf(name: "alice" | "bob" | "root"): RequestContext {
  const { userId, projectId } = PEOPLE[name] as { userId: string; projectId: string };
  return { authToken: name, userId, projectId };
}

/** What any image needs to take data. */
export const FORMATS = { diskFormat: "raw", containerFormat: "bare" };
