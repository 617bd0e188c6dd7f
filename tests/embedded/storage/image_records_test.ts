/** Every operation against the embedded Glance, once successful and once failing. */
import { type OperationDescription, type OperationName, OPERATIONS } from "../../../lib/api/mod.ts";
import { runCase, serveEmbedded } from "../../live/operations/run_cases.ts";

for (const [name, row] of Object.entries(OPERATIONS) as [OperationName, OperationDescription][]) {
  Deno.test(`createEmbeddedGlance() responds to "${name}" as its operation defines`, async () => {
    await using embedded = serveEmbedded();
    await runCase(embedded.harness, name, row);
  });
}
