/** Every row of the operation table, once with success and once without, through the gateway. */
import { type OperationDescription, type OperationName, OPERATIONS } from "../../lib/api/mod.ts";
import { createImageRouter } from "../../lib/router/mod.ts";
import { runCase, serveEmbedded } from "../live/operations/run_cases.ts";

function gatewayTo(url: string): (request: Request) => Response | Promise<Response> {
  const router = createImageRouter({ apiServers: [url] });
  return (request) => router.fetch(request);
}

for (const [name, row] of Object.entries(OPERATIONS) as [OperationName, OperationDescription][]) {
  Deno.test(`createImageRouter() responds to "${name}" as its operation defines`, async () => {
    await using embedded = serveEmbedded(gatewayTo);
    await runCase(embedded.harness, name, row);
  });
}
