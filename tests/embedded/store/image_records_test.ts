/** Every row of the operation table, once with success and once without, at the embedded Glance. */
import { type OperationDescription, type OperationName, OPERATIONS } from "../../../mod.ts";
import { serveEmbedded, tryRow } from "../../live/rows.ts";

for (const [name, row] of Object.entries(OPERATIONS) as [OperationName, OperationDescription][]) {
  Deno.test(`"${name}" does at the embedded Glance what its row says, and fails as its row says`, async () => {
    await using embedded = serveEmbedded();
    await tryRow(embedded.stage, name, row);
  });
}
