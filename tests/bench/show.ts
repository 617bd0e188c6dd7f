/** The overhead of the service for one small request. */
import { getDefaultImageService } from "../../mod.ts";
import { randomImage } from "./bench_image.ts";
import { measure } from "./measure.ts";
import { startOrigin } from "./origin.ts";
import { type Report, ROUNDS } from "./report.ts";

const CALLS = 100;

/** A record, against fetch and JSON. */
export async function showReport(): Promise<Report> {
  await using image = await randomImage(1_000);
  await using origin = await startOrigin(image);
  const service = getDefaultImageService({ apiServers: [origin.url], authStrategy: "noauth" });
  const result = await measure({
    name: `show, ${CALLS} times`,
    ours: { name: "service", run: () => times(() => service.show({}, image.id)) },
    against: {
      name: "bare fetch + JSON",
      run: () => times(() => bareShow(`${origin.url}/v2/images/${image.id}`)),
    },
    reach: 1 / 1.15,
    rounds: 20 * ROUNDS,
  });
  return { results: [result] };
}

async function times(run: () => Promise<unknown>): Promise<void> {
  for (let call = 0; call < CALLS; call++) await run();
}

async function bareShow(url: string): Promise<unknown> {
  const response = await fetch(url, { headers: { accept: "application/json" } });
  return await response.json();
}
