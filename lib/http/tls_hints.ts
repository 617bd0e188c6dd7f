/**
 * TLS failures: what Deno (rustls), Node and Bun (OpenSSL's words) call them, and what can be done about
 * each. Pure.
 *
 * @module
 */

/** What a failed request says -> the way out. */
const HINTS: readonly (readonly [said: RegExp, hint: string])[] = [
  [
    /UnknownIssuer|self[- ]signed certificate|unable to (verify the first|get (local )?issuer) certificate/i,
    "the CA of its certificate is not known: name the CA's file with OS_CACERT or cacert in clouds.yaml, or with DENO_CERT (or DENO_TLS_CA_STORE=system) for Deno and NODE_EXTRA_CA_CERTS for Node and Bun, or give a fetch that knows it (Deno.createHttpClient({ caCerts }))",
  ],
  [
    /CaUsedAsEndEntity/,
    "its certificate is a CA's own, which Deno takes from no server: give the server a certificate that is no CA",
  ],
  [
    /not valid for name|does not match certificate|CERT_ALTNAME_INVALID/i,
    "its certificate is for another name: use a name that it is for",
  ],
  [
    /certificate (has )?expired|certificate (is )?not (yet valid|valid yet)/i,
    "its certificate has ended or has not begun: renew it, and check the clock",
  ],
  [
    /certificate_?required/i,
    "it wants a certificate of ours: name the files with OS_CERT and OS_KEY, or cert and key in clouds.yaml",
  ],
  [
    /InvalidContentType|wrong.version.number/i,
    'it does not speak TLS: write "http://", or correct the port',
  ],
];

/** The way out of a TLS failure; null where a request failed for another reason. */
export function trustHint(message: string): string | null {
  return HINTS.find(([said]) => said.test(message))?.[1] ?? null;
}
