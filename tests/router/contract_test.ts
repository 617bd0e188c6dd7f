/** The gateway passes the contract of a real Glance, except for intended differences. */
import { assertRejects } from "@std/assert";
import { createImageRouter, type ImageRouterOptions } from "../../lib/router/mod.ts";
import { IMAGE_API_CHECKS, reasonToSkip, type Target } from "../contract/image_api.ts";
import { embeddedTarget } from "../embedded/target.ts";
import { DIFFERENCES } from "./contract_differences.ts";

runContract("createImageRouter()", behindGateway(embeddedTarget()));
runContract(
  "createImageRouter() without resume",
  behindGateway(embeddedTarget(), { resume: false }),
);

function behindGateway(target: Target, options: Partial<ImageRouterOptions> = {}): Target {
  const router = createImageRouter({
    apiServers: ["http://a:9292", "http://b:9292"],
    fetch: (input, init) => target.fetch(input, init),
    ...options,
  });
  return { ...target, fetch: async (input, init) => await router.fetch(new Request(input, init)) };
}

function runContract(label: string, target: Target): void {
  for (const check of IMAGE_API_CHECKS) {
    if (reasonToSkip(check, target) !== null) continue;
    const reason = DIFFERENCES[check.name];
    if (reason === undefined) {
      Deno.test(`${label} keeps the contract: ${check.name}`, () => check.run(target));
    } else {
      Deno.test(`${label} differs from the contract: ${check.name} (${reason})`, async () => {
        await assertRejects(() => check.run(target));
      });
    }
  }
}
