/** Finds the explanation in the body of an error response. Pure. */

/** Maximum characters of an explanation in a message. */
const QUOTE_LIMIT = 400;

/** The first and the last words of WebOb's default text for a 401. */
const BROWSER_REFUSAL = [
  "This server could not verify that you are authorized",
  "credentials required",
] as const;

/**
 * The explanation in an error body, without secrets: the `message` of WebOb's JSON, the text of its HTML
 * page, Keystone's `error.message`, or the text itself.
 */
export function explanationIn(text: string, secrets: readonly string[] = []): string {
  const redact = (text: string) =>
    secrets.reduce((result, secret) => result.replaceAll(secret, "***"), text);
  const redacted = redact(text);
  const sentence = jsonMessageIn(redacted) ?? textOfHtml(redacted);
  let words = withoutBrowserRefusal(sentence.replaceAll(/\s+/g, " ")).trim();
  while (words.endsWith(".") || words.endsWith(" ")) words = words.slice(0, -1);
  // JSON may escape a secret, so the result is redacted as well, before a cut could leave half of a secret.
  const line = redact(words);
  return line.length > QUOTE_LIMIT ? `${line.slice(0, QUOTE_LIMIT)}…` : line;
}

function jsonMessageIn(text: string): string | null {
  try {
    return messageIn(JSON.parse(text));
  } catch {
    return null;
  }
}

function messageIn(document: unknown): string | null {
  if (typeof document !== "object" || document === null) return null;
  const { message, error } = document as { message?: unknown; error?: unknown };
  if (typeof message === "string") return textOfHtml(message);
  return typeof error === "object" ? messageIn(error) : null;
}

function withoutBrowserRefusal(words: string): string {
  const [first, last] = BROWSER_REFUSAL;
  const [start, end] = [words.indexOf(first), words.lastIndexOf(last)];
  return start < 0 || end < start ? words : words.slice(0, start) + words.slice(end + last.length);
}

/** Elements whose content a browser does not show as text. */
const INVISIBLE = /^(head|script|style)\b/i;

/** The visible text of an HTML page; WebOb's pages repeat the title in the head. */
function textOfHtml(text: string): string {
  if (!/<\w/.test(text)) return text;
  const lower = text.toLowerCase();
  const unclosed = new Set<string>();
  let visible = "";
  for (let at = 0; at < text.length;) {
    const open = text.indexOf("<", at);
    const close = open < 0 ? -1 : text.indexOf(">", open);
    if (close < 0) {
      visible += text.slice(at);
      break;
    }
    visible += `${text.slice(at, open)} `;
    at = close + 1;
    const name = INVISIBLE.exec(lower.slice(open + 1, open + 8))?.[1] ?? "";
    if (name === "" || unclosed.has(name)) continue;
    const end = lower.indexOf(`</${name}`, at);
    // Remembered, so that many unclosed elements do not take quadratic time.
    if (end < 0) unclosed.add(name);
    else at = end;
  }
  return visible
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'").replaceAll("&#x27;", "'").replaceAll("&amp;", "&");
}
