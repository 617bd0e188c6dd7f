/**
 * What a server says when it does not do what it was asked: its explanation, read within bounds.
 *
 * @module
 */
import { errorFromAnswer, type GlanceError } from "../errors.ts";

/** Bytes of an error body that are read at the most. */
const EXPLANATION_LIMIT = 16_384;

/** Characters of an explanation that are quoted at the most. */
const QUOTE_LIMIT = 400;

/** What the answer was given to. */
export interface Asked {
  readonly action: string;
  readonly server: string;
  readonly imageId?: string | undefined;
  readonly attempts: number;
}

/** The error for an answer that is none of the expected ones; its body is read and released. */
export async function errorFromResponse(response: Response, asked: Asked): Promise<GlanceError> {
  const text = await readStart(response, EXPLANATION_LIMIT).catch(() => "");
  return errorFromAnswer({
    ...asked,
    status: response.status,
    requestId: requestIdOf(response),
    explanation: explanationIn(text),
  });
}

/** The id under which the cloud's logs know the request. */
export function requestIdOf(response: Response): string | undefined {
  return response.headers.get("x-openstack-request-id") ?? undefined;
}

/**
 * The sentence in an error body: the `message` of WebOb's JSON, the text of its HTML page, Keystone's
 * `error.message`, or the text itself.
 */
export function explanationIn(text: string): string {
  const sentence = messageIn(parse(text)) ?? textOfHtml(text);
  const line = sentence.replaceAll(/\s+/g, " ").trim().replace(/[.\s]+$/, "");
  return line.length > QUOTE_LIMIT ? `${line.slice(0, QUOTE_LIMIT)}…` : line;
}

function messageIn(document: unknown): string | null {
  if (typeof document !== "object" || document === null) return null;
  const { message, error } = document as { message?: unknown; error?: unknown };
  if (typeof message === "string") return textOfHtml(message);
  return typeof error === "object" ? messageIn(error) : null;
}

/** WebOb's pages repeat the title in head and body, and explain in between. */
function textOfHtml(text: string): string {
  if (!/<\w/.test(text)) return text;
  return text
    .replace(/<(head|script|style)\b[\s\S]*?<\/\1\s*>/gi, " ")
    .replace(/<[^>]*>/g, " ")
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'").replaceAll("&#x27;", "'").replaceAll("&amp;", "&");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The first bytes of a body as text; the rest is given up. */
async function readStart(response: Response, limit: number): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = 0; bytes < limit;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel().catch(() => {});
  return text;
}
