/** Removes secrets from URLs, for messages and logs. */

/**
 * Removes the parts of a URL that may be secret: user information, query, and fragment.
 *
 * @example
 * ```ts
 * import { redact } from "@glance-edge/glance/api";
 * import { assert } from "@std/assert";
 *
 * assert(redact("https://me:pw@host/v2/images?token=x") === "https://host/v2/images");
 * ```
 */
export function redact(url: string | URL): string {
  const text = String(url);
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) && URL.canParse(text);
  const isPath = /^\/(?!\/)/.test(text);
  if (isPath) return withoutQuery(text);
  if (isUrl) return withoutQuery(text).replace(/^([^/]*\/\/)[^/]*@/, "$1");
  // A password that is not percent-encoded may contain `/`, `?`, or `#`, so its end is unknown. Of a text
  // that is not a URL, everything up to the last @ is removed.
  return withoutQuery(text.replace(/^(https?:[/\\]+|\/\/)?.*@/is, "$1"));
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, "");
}

/** The scheme is limited to 32 characters, which keeps the search linear. */
const URL_IN_TEXT = /([a-z][a-z0-9+.-]{0,31})?:\/\/[^\s"'()<>]+/gi;

/**
 * Applies {@linkcode redact} to every URL in a text, in linear time: error messages of runtimes and servers
 * quote URLs unredacted.
 */
export function redactUrls(text: string): string {
  return text.replaceAll(
    URL_IN_TEXT,
    (url: string, scheme?: string) =>
      scheme === undefined ? redact(`x${url}`).slice(1) : redact(url),
  );
}
