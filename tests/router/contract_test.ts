/** The gateway keeps the contract that Glance itself is held to, but for what it does better. */
import { assertRejects } from "@std/assert";
import { createImageRouter, type ImageRouterOptions } from "../../lib/router/mod.ts";
import { IMAGE_API_CHECKS, reasonToSkip, type Target } from "../contract/image_api.ts";
import { embeddedTarget } from "../embedded/target.ts";
import { DIFFERENCES } from "./contract_differences.ts";

holds("gateway", behindGateway(embeddedTarget()));
holds("gateway, pass-through", behindGateway(embeddedTarget(), { resume: false }));

function behindGateway(target: Target, options: Partial<ImageRouterOptions> = {}): Target {
  const router = createImageRouter({
    apiServers: ["http://a:9292", "http://b:9292"],
    fetch: (input, init) => target.fetch(input, init),
    ...options,
  });
  return { ...target, fetch: async (input, init) => await router.fetch(new Request(input, init)) };
}

function holds(label: string, target: Target): void {
  for (const check of IMAGE_API_CHECKS) {
    if (reasonToSkip(check, target) !== null) continue;
    const reason = DIFFERENCES[check.name];
    if (reason === undefined) Deno.test(`${label}: ${check.name}`, () => check.run(target));
    else {
      Deno.test(`${label}, on purpose not: ${check.name} (${reason})`, async () => {
        await assertRejects(() => check.run(target));
      });
    }
  }
}
