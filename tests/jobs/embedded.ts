/** A cloud with three users, and a client with a simulated clock. */
import type { GlanceClientWrapperOptions, GlanceImageService, RequestContext } from "../../mod.ts";
import type { EmbeddedGlanceOptions, Identity } from "../../lib/embedded/mod.ts";
import type { SimulatedClock } from "../support/clock.ts";
import { FakeGlance } from "../support/fake_glance.ts";
import { harnessOn } from "../support/client_harness.ts";

/** The users `alice` and `bob` of two projects, and `root`, an administrator. */
const USERS: Readonly<Record<string, Identity>> = {
  alice: { userId: "alice", projectId: "p1", roles: ["member"] },
  bob: { userId: "bob", projectId: "p2", roles: ["member"] },
  root: { userId: "root", projectId: "p0", roles: ["admin"] },
};

/** A cloud, as `alice` uses it. */
export class Cloud extends FakeGlance {
  readonly service: GlanceImageService;
  readonly context: RequestContext;
  readonly clock: SimulatedClock;

  constructor(
    options: EmbeddedGlanceOptions = {},
    client: GlanceClientWrapperOptions = {},
    user: "alice" | "root" = "alice",
  ) {
    super({ identify: (token) => USERS[token ?? ""] ?? null, ...options });
    const { service, clock } = harnessOn(this.fetch, { apiServers: ["a"], ...client });
    this.service = service;
    this.clock = clock;
    this.context = contextOf(user);
  }
}

/** A user as a caller. */
export function contextOf(name: "alice" | "bob" | "root"): RequestContext {
  const { userId, projectId } = USERS[name] as { userId: string; projectId: string };
  return { authToken: name, userId, projectId };
}

/** The formats that an image must have before an upload. */
export const FORMATS = { diskFormat: "raw", containerFormat: "bare" };
