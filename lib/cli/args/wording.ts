/**
 * Replaces the parts of the library's error messages that name options and calls with the words of the command line:
 * flags, environment variables, and commands. Pure.
 */
import type { GlanceError } from "../../errors.ts";
import type { MessagePartKey } from "../../message_parts.ts";
import { ownValue } from "../../validate.ts";

/** The words for each part; functions take the subject of the part, or the id of the image. */
const WORDS: Readonly<Record<MessagePartKey, string | ((subject: string) => string)>> = {
  apiServers: "GLANCE_API_SERVERS",
  authUrl: "OS_AUTH_URL",
  caCert: "--os-cacert (OS_CACERT, or cacert in clouds.yaml)",
  catalogInfo: "--os-service-type",
  cert: "--os-cert (OS_CERT, or cert in clouds.yaml)",
  certificates: "--os-cacert, --os-cert and --os-key (OS_CACERT, OS_CERT, OS_KEY)",
  certKey: "--os-key (OS_KEY, or key in clouds.yaml)",
  outageTimeout: "--outage-timeout",
  inspect: "--inspect",
  publicEndpoint: "--public-endpoint",
  requestTimeout: "--timeout",
  size: "--size",
  stallTimeout: "--stall-timeout",
  systemScope: "--os-system-scope",
  allowHttpRedirect: "add --allow-http-redirect if a checksum verifies the data",
  chooseInterface: (name) => `use --os-endpoint-type ${name}`,
  chooseServers:
    "no server is configured; set OS_CLOUD, GLANCE_API_SERVERS, or OS_AUTH_URL with credentials",
  chooseStores: "add --stores or --all-stores",
  changeFormat: (change) => `first run "glance-edge image-update --disk-format ${change}"`,
  copyImage: '"glance-edge image-copy"',
  declareFormat: (format) => `use --disk-format ${format}`,
  decompressFirst: "decompress it first, and use --file, if it is meant to be",
  imageEndpoint: "set --os-image-url or GLANCE_API_SERVERS to its URL",
  fileName: "pass the hash itself with --checksum",
  inspectOff: "use --inspect off",
  keepProperties: "",
  makeShared: (id) => `first run "glance-edge image-update --visibility shared ${id}"`,
  passEnvironment: "",
  passFetch: "",
  passParser: "",
  reactivate: (id) =>
    `the image is deactivated, so only an administrator can read its data; ask one to run "glance-edge image-reactivate ${id}"`,
  signIn:
    "no token is configured; set OS_CLOUD, or OS_AUTH_URL with credentials, or GLANCE_API_SERVERS",
  unprotectImage: (id) => `first run "glance-edge image-update --protected False ${id}"`,
  unprotectNamespace: (name) =>
    `first run "glance-edge md-namespace-update --protected False ${name}"`,
  verifyAuto: "use --verify auto",
  verifyPart: "leave out --verify",
  waitLonger: (id) => `, or check it with "glance-edge image-show ${id}"`,
};

/** Replaces the `glance-edge` of each quoted command with the command that starts this program. */
export function asStarted(text: string, program: string): string {
  return text.replaceAll('"glance-edge ', () => `"${program} `);
}

/** The message of an error in the words of the command line, with times in seconds. */
export function inTerminalWords(
  message: string,
  { messageParts, imageId }: Pick<GlanceError, "messageParts" | "imageId">,
): string {
  const replaced = messageParts.reduce((text, part) => {
    const words = ownValue(WORDS, part.key) ?? part.text;
    const subject = part.subject ?? imageId ?? "<IMAGE>";
    return text.replaceAll(part.text, () => typeof words === "string" ? words : words(subject));
  }, message);
  // Options are in milliseconds, flags are in seconds.
  return replaced.replaceAll(/\b(\d+) ms\b/g, (_, ms) => `${Number(ms) / 1000} s`);
}
