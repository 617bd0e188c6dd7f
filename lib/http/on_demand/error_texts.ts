/** The texts of errors, imported on demand by `explain.ts`. They import only types. */
export { hintFor } from "./cause_hints.ts";
export { explanationIn } from "./explanation.ts";
export { trustHint } from "./tls_hints.ts";
