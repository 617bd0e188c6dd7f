/** An embedded Glance as a target of the contract: three callers, two stores and one on the web. */

import {
  createEmbeddedGlance,
  type EmbeddedGlanceOptions,
  type Identity,
} from "../../lib/local/mod.ts";
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
  importMethods: ["glance-direct", "copy-image"],
  imageSizeCap: 1024 ** 2,
  memberQuota: 8,
  showDirectUrl: true,
  showLocations: true,
  ranges: true,
};

const OPTIONS: EmbeddedGlanceOptions = {
  stores: [{ id: "fast", default: "true" }, { id: "slow" }, { id: "web", "read-only": "true" }],
  imageSizeCap: 1024 ** 2,
  memberQuota: 8,
  showDirectUrl: true,
  showLocations: true,
  identify: (token) => IDENTITIES[token ?? ""] ?? null,
};

/** A new embedded Glance; `facts` says what `options` change. */
export function embeddedTarget(
  options: EmbeddedGlanceOptions = {},
  facts: Partial<Facts> = {},
): Target {
  const glance = createEmbeddedGlance({ ...OPTIONS, ...options });
  return {
    endpoint: "http://glance.test:9292",
    tokens: { alice: "alice", bob: "bob", admin: "admin" },
    projects: PROJECTS,
    fetch: (input, init) =>
      glance.fetch(input instanceof Request ? input : new Request(input, init)),
    facts: { ...FACTS, ...facts },
  };
}
