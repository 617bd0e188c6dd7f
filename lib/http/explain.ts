/**
 * Explains failures: adds the explanation of the response, and a hint. The texts are imported on demand, since most
 * programs never need them. If the network has failed, loading them may fail, too; then the error has only its facts.
 */
import type { Hint, Refused } from "./on_demand/cause_hints.ts";

/** The explanation of an error response, one sentence or empty, and the hint for its cause. */
export interface Explained extends Hint {
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

/** The messages of runtimes about TLS, also where a server uses it and the client does not. */
const ABOUT_TLS = /cert|InvalidContent|wrong.version|tls hand|HTTP/i;

/** The hint for the message of a failed request, if TLS is the cause. */
export async function explainTls(message: string): Promise<Hint> {
  const texts = ABOUT_TLS.test(message) && await errorTexts();
  return texts ? texts.trustHint(message) : {};
}

/** The texts; null if they cannot be loaded. */
function errorTexts(): Promise<typeof import("./on_demand/error_texts.ts") | null> {
  return import("./on_demand/error_texts.ts").catch(() => null);
}
