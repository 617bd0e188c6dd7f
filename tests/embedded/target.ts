/**
 * An embedded Glance as a target of the contract: three identities, two stores, and a web store.
 */

import {
  createEmbeddedGlance,
  type EmbeddedGlanceOptions,
  type Identity,
} from "../../lib/embedded/mod.ts";
import type { Facts, Target } from "../contract/image_api.ts";

const PROJECTS = { alice: "project-of-alice", bob: "project-of-bob", admin: "project-of-admin" };

const IDENTITIES: Readonly<Record<string, Identity>> = {
  alice: { projectId: PROJECTS.alice, userId: "alice", roles: ["member"] },
  bob: { projectId: PROJECTS.bob, userId: "bob", roles: ["member"] },
  admin: { projectId: PROJECTS.admin, userId: "admin", roles: ["admin"] },
};

const FACTS: Facts = {
  version: "2.17",
  stores: ["fast", "slow"],
  readOnlyStore: "web",
  importMethods: ["glance-direct", "web-download", "copy-image"],
  imageSizeCap: 1024 ** 2,
  memberQuota: 8,
  crashes: false,
  showDirectUrl: true,
  showLocations: true,
  imageCache: false,
  servers: 1,
  supportsRanges: true,
};

const OPTIONS: EmbeddedGlanceOptions = {
  stores: [{ id: "fast", default: "true" }, { id: "slow" }, { id: "web", "read-only": "true" }],
  imageSizeCap: 1024 ** 2,
  memberQuota: 8,
  showDirectUrl: true,
  showLocations: true,
  identify: (token) => IDENTITIES[token ?? ""] ?? null,
};

/**
 * Creates an embedded Glance. `facts` describes the effect of `options`; `web` maps URLs to data.
 */
export function embeddedTarget(
  options: EmbeddedGlanceOptions = {},
  facts: Partial<Facts> = {},
  web: Map<string, string> = new Map(),
): Target {
  const glance = createEmbeddedGlance({
    ...OPTIONS,
    fetch: (input, init) => Promise.resolve(onWeb(web, String(input), init?.method ?? "GET")),
    ...options,
  });
  return {
    endpoint: "http://glance.test:9292",
    tokens: { alice: "alice", bob: "bob", admin: "admin" },
    projects: PROJECTS,
    fetch: (input, init) =>
      glance.fetch(input instanceof Request ? input : new Request(input, init)),
    facts: { ...FACTS, ...facts },
    publish(bytes) {
      const url = `http://web.test/${web.size}`;
      web.set(url, bytes);
      return {
        url,
        [Symbol.asyncDispose]() {
          web.set(url, "");
          return Promise.resolve();
        },
      };
    },
  };
}

/** Responses of the fake web server: HEAD has no size, and unpublished URLs are 404. */
function onWeb(web: ReadonlyMap<string, string>, url: string, method: string): Response {
  if (method === "HEAD") return new Response(null);
  const bytes = web.get(url);
  return bytes === undefined ? new Response(null, { status: 404 }) : new Response(bytes);
}
