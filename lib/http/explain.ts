/**
 * Explains failures: what a response says, and what the user can do. The texts are imported on demand, since most
 * programs never need them. A network that has failed may not load them either: then the error has only its facts.
 */
import type { FoundHint, Refused } from "./on_demand/cause_hints.ts";

/** The explanation of an error response, one sentence or empty, and the hint for its cause. */
export interface Explained extends FoundHint {
  readonly explanation: string;
}

/**
 * Explains an error response by its body, without the secrets in it, and by its status. `load` imports the texts.
 */
export async function explain(
  body: string,
  refused: Refused,
  secrets: readonly string[],
  load: typeof errorTexts = errorTexts,
): Promise<Explained> {
  const texts = await load();
  if (texts === null) return { explanation: "", hint: refused.hint };
  const explanation = texts.explanationIn(body, secrets);
  return { explanation, ...texts.hintFor(explanation, refused, body) };
}

/** The messages of runtimes about TLS. */
const ABOUT_TLS = /cert|InvalidContent|wrong.version|tls hand/i;

/** The hint for the message of a failed request, if TLS is the cause. */
export async function explainTls(message: string): Promise<FoundHint> {
  const texts = ABOUT_TLS.test(message) && await errorTexts();
  return texts ? texts.trustHint(message) : {};
}

/** The texts; null if they cannot be loaded. */
function errorTexts(): Promise<typeof import("./on_demand/error_texts.ts") | null> {
  return import("./on_demand/error_texts.ts").catch(() => null);
}
