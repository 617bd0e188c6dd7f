/** Hints for TLS failures, by the messages of Deno (rustls), and of Node and Bun (OpenSSL). Pure. */
import type { Hint } from "./cause_hints.ts";
import type { MessagePart } from "../../message_parts.ts";

/** The part of a hint that applies to programs only. */
const PASS_FETCH: MessagePart = {
  key: "passFetch",
  text: ", or pass a fetch that trusts it (Deno.createHttpClient({ caCerts }))",
};

/** The setting of the CA's file. */
const CA_CERT: MessagePart = { key: "caCert", text: "cacert (OS_CACERT)" };

/** Where the CA can be named for all programs of this runtime. */
const FOR_RUNTIME = "Deno" in globalThis
  ? "DENO_CERT (or DENO_TLS_CA_STORE=system)"
  : "NODE_EXTRA_CA_CERTS";

/** Error messages of fetch, each with its cause and a hint. */
const HINTS: readonly (readonly [message: RegExp, hint: string])[] = [
  [
    /UnknownIssuer|self[- ]signed certificate|unable to (verify the first|get (local )?issuer) certificate/i,
    `the CA of its certificate is not known: name the CA's file with ${CA_CERT.text}, or with ${FOR_RUNTIME}${PASS_FETCH.text}`,
  ],
  [
    /CaUsedAsEndEntity/,
    "its certificate is a CA certificate, which Deno does not accept from a server: install a server certificate",
  ],
  [
    /not valid for name|does not match certificate|CERT_ALTNAME_INVALID/i,
    "its certificate is for another name: use a name in the certificate",
  ],
  [
    /certificate (has )?expired|certificate (is )?not (yet valid|valid yet)/i,
    "its certificate has expired or is not valid yet: renew it, and check the clock",
  ],
  [
    /certificate_?required/i,
    "it requires a client certificate: name the files with OS_CERT and OS_KEY, or cert and key in clouds.yaml",
  ],
  [
    /InvalidContentType|wrong.version.number|tls handshake eof/i,
    'it does not use TLS: write "http://", or correct the port',
  ],
  [
    /invalid HTTP version parsed|Expected HTTP\//i,
    'its response is not HTTP: if it uses TLS, write "https://"; else correct the port',
  ],
];

/** The hint for the error message of a failed request, if TLS is the cause. */
export function trustHint(message: string): Hint {
  const hint = HINTS.find(([pattern]) => pattern.test(message))?.[1];
  return hint === undefined ? {} : { hint, messageParts: [CA_CERT, PASS_FETCH] };
}
