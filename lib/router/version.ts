/** The version of this package, which deno.json has. */
import manifest from "../../deno.json" with { type: "json" };

/** The version that `glance-edge version` prints, and the metrics of a gateway name. */
export const VERSION: string = manifest.version;
