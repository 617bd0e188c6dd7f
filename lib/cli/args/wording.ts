/**
 * Translates error messages of the library for the command line: names of options and functions become
 * flags, environment variables and commands. Pure.
 *
 * @module
 */
import type { GlanceError } from "../../errors.ts";
import { ownValue } from "../../validate.ts";

/** Options of the library, and the flag or environment variable that sets each. */
const OPTIONS: Readonly<Record<string, string>> = {
  apiServers: "GLANCE_API_SERVERS",
  catalogInfo: "--os-service-type",
  connections: "--connections",
  requestTimeout: "--timeout",
  size: "--size",
  stallTimeout: "--stall-timeout",
  verify: "--verify",
};

/** Replacements in messages. `$IMAGE` and `$NAMESPACE` stand for the subject of the error. */
const WORDS: readonly (readonly [library: RegExp, terminal: string])[] = [
  [/\bauthUrl \(OS_AUTH_URL, ([^()]*)\)/g, "OS_AUTH_URL ($1)"],
  [/"?\b[a-z]+[A-Z]\w*"? \(((?:OS_|--)[^()]*)\)/g, "$1"],
  [/set the option "catalogInfo" to "[^:"]*:[^:"]*:(\w+?)URL"/g, "use --os-endpoint-type $1"],
  [
    /set "apiServers" or correct "catalogInfo"/g,
    "set GLANCE_API_SERVERS, or correct --os-service-type",
  ],
  [
    /there are no "apiServers", and the context has no service catalog; .*/g,
    "no server is configured; set OS_CLOUD, GLANCE_API_SERVERS, or OS_AUTH_URL with credentials",
  ],
  [
    /the context has no "authToken"; sign in first, or set "apiServers"/g,
    "there is no token; set OS_CLOUD, or OS_AUTH_URL with credentials, or GLANCE_API_SERVERS",
  ],
  [/"systemScope"/g, "--os-system-scope"],
  [/, or give a longer "stallTimeout"/g, ', or look again with "glance image-show $IMAGE"'],
  [/\buse verify "auto"/g, "use --verify auto"],
  [/\bleave verify at "auto"/g, "leave out --verify"],
  [/\bcopyImage\b/g, '"glance image-copy"'],
  [/give "stores" or "allStores"/g, "give --stores or --all-stores true"],
  [/, with purgeProps false/g, ""],
  [/, or pass a fetch that trusts it \(Deno\.createHttpClient\(\{ caCerts \}\)\)/g, ""],
  [/, or pass "environment"/g, ""],
  [/, pass its parseDocument as "parseYaml"/g, ""],
  [
    /(metadata namespace [^;]*); set "protected" to false before you delete it/g,
    '$1; run "glance md-namespace-update --protected False $NAMESPACE" before',
  ],
  [
    /set "protected" to false before you delete it/g,
    'run "glance image-update --protected False $IMAGE" before',
  ],
  [
    /set its visibility to "shared" before you share it/g,
    'run "glance image-update --visibility shared $IMAGE" before',
  ],
  [/ask one to reactivate it/g, 'ask one to run "glance image-reactivate $IMAGE"'],
];

/** Translates the message of an error. */
export function inTerminalWords(
  message: string,
  error: Pick<GlanceError, "imageId"> = { imageId: undefined },
): string {
  const [, namespace = ""] = /metadata namespace "([\w:.-]+)"/.exec(message) ?? [];
  const words = WORDS.reduce(
    (text, [library, terminal]) => text.replace(library, terminal),
    message,
  )
    .replaceAll(
      /(?:with )?the option "(\w+)"|"([a-z]+[A-Z]\w*)"/g,
      (whole, option?: string, camelCase?: string) =>
        ownValue(OPTIONS, option ?? camelCase ?? "") ?? whole,
    );
  return words
    .replaceAll("$IMAGE", () => error.imageId ?? "<IMAGE>")
    .replaceAll("$NAMESPACE", () => namespace || "<NAMESPACE>");
}
