/** Every operation against the embedded Glance, once successful and once failing. */
import { type OperationDescription, type OperationName, OPERATIONS } from "../../../mod.ts";
import { serveEmbedded, tryRow } from "../../live/rows.ts";

for (const [name, row] of Object.entries(OPERATIONS) as [OperationName, OperationDescription][]) {
  Deno.test(`"${name}" succeeds and fails at the embedded Glance as its operation defines`, async () => {
    await using embedded = serveEmbedded();
    await tryRow(embedded.stage, name, row);
  });
}
