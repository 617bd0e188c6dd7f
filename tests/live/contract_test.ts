/** The real Glance passes the contract of the embedded one. */

import { IMAGE_API_CHECKS, reasonToSkip, type Target } from "../contract/image_api.ts";
import { publish } from "./publish.ts";
import { IMAGE_MEMBER_QUOTA, type LiveStack, startStack } from "./stack.ts";

const IMAGE_SIZE_CAP = 2 * 1024 ** 2;

async function targetOf(stack: LiveStack, endpoint: string): Promise<Target> {
  const [alice, bob, admin] = await Promise.all([
    stack.token("alice"),
    stack.token("bob"),
    stack.token("admin"),
  ]);
  return {
    endpoint,
    tokens: { alice: alice.token, bob: bob.token, admin: admin.token },
    projects: { alice: alice.projectId, bob: bob.projectId, admin: admin.projectId },
    fetch,
    facts: {
      version: await newestVersion(endpoint),
      stores: ["fast", "slow"],
      readOnlyStore: "web",
      importMethods: ["glance-direct", "web-download", "copy-image", "glance-download"],
      imageSizeCap: IMAGE_SIZE_CAP,
      memberQuota: IMAGE_MEMBER_QUOTA,
      crashes: true,
      showDirectUrl: true,
      showLocations: true,
      imageCache: true,
      servers: 1,
      supportsRanges: true,
    },
    publish,
  };
}

async function newestVersion(endpoint: string): Promise<string> {
  const response = await fetch(`${endpoint}/versions`);
  const { versions } = await response.json() as {
    versions: readonly { id: string; status: string }[];
  };
  return versions.find(({ status }) => status === "CURRENT")?.id.slice(1) ?? "2.0";
}

Deno.test("every check of the Image API passes at a real Glance", async (test) => {
  await using stack = await startStack({ imageSizeCap: IMAGE_SIZE_CAP });
  const target = await targetOf(stack, stack.glanceUrls[0]);
  for (const check of IMAGE_API_CHECKS) {
    const reason = reasonToSkip(check, target);
    const name = reason === null ? check.name : `${check.name} (${reason})`;
    await test.step({ name, ignore: reason !== null, fn: () => check.run(target) });
  }
});
