/** The version of this package, from deno.json. */
import manifest from "../../deno.json" with { type: "json" };

/** The version, as in `glance-edge version` and the metrics of a gateway. */
export const VERSION: string = manifest.version;
