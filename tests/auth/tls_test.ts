import { assertEquals, assertRejects } from "@std/assert";
import type { CloudTls } from "../../lib/auth/clouds/mod.ts";
import { authenticate } from "../../lib/auth/keystone.ts";
import { fetchForCloud } from "../../lib/auth/tls.ts";
import { GlanceConnectionFailed, InvalidConfigurationValue } from "../../lib/errors.ts";
import { serveTls } from "../support/tls_server.ts";
import { CA_CERT, CLIENT_CERT, CLIENT_KEY } from "./certificates.ts";

const PEM: Readonly<Record<string, string>> = {
  "/ca.pem": CA_CERT,
  "/client.pem": CLIENT_CERT,
  "/client.key": CLIENT_KEY,
  "/both.pem": CLIENT_CERT + CLIENT_KEY,
  "/text.pem": "no certificate",
};

const NOTHING: CloudTls = { verify: true, caCertFile: null, certFile: null, keyFile: null };

function readPem(path: string): Promise<string | null> {
  return Promise.resolve(PEM[path] ?? null);
}

Deno.test("fetchForCloud() returns null when no file is named", async () => {
  assertEquals(await fetchForCloud(NOTHING, readPem), null);
  assertEquals(await fetchForCloud({ ...NOTHING, verify: false }, readPem), null);
});

Deno.test("fetchForCloud() trusts the CA of the cloud", async () => {
  await using server = await serveTls();
  using fetchIt = await fetchForCloud({ ...NOTHING, caCertFile: "/ca.pem" }, readPem);
  const response = await fetchIt?.(server.url, {});
  assertEquals(await response?.text(), "welcome");
});

Deno.test("fetchForCloud() uses HTTP/1.1 when the server offers HTTP/2", async () => {
  await using server = await serveTls();
  using fetchIt = await fetchForCloud({ ...NOTHING, caCertFile: "/ca.pem" }, readPem);
  const response = await fetchIt?.(server.url, {});
  assertEquals(await response?.text(), "welcome");
  assertEquals(server.versions, ["1.1"]);
});

Deno.test("fetchForCloud() sends a client certificate, with its key in the same or another file", async () => {
  await using server = await serveTls({ wantsClient: true });
  for (
    const [certFile, keyFile] of [["/client.pem", "/client.key"], ["/both.pem", null]] as const
  ) {
    const tls = { verify: true, caCertFile: "/ca.pem", certFile, keyFile };
    using fetchIt = await fetchForCloud(tls, readPem);
    const response = await fetchIt?.(server.url, {});
    assertEquals(await response?.text(), "welcome");
  }
});

Deno.test("authenticate() gives a hint about an unknown CA", async () => {
  await using server = await serveTls();
  const credentials = { authUrl: `${server.url}/v3`, username: "alice", password: "p" };
  await assertRejects(() => authenticate(credentials), GlanceConnectionFailed, "OS_CACERT");
});

const REFUSED: readonly (readonly [tls: Partial<CloudTls>, message: string])[] = [
  [{ caCertFile: "/none.pem" }, '"/none.pem": it does not exist; correct cacert (OS_CACERT)'],
  [{ caCertFile: "/text.pem" }, '"/text.pem": it has no certificate; correct cacert (OS_CACERT)'],
  [{ caCertFile: "/client.key" }, '"/client.key": it has no certificate'],
  [{ certFile: "/client.pem" }, '"/client.pem": it has no private key; correct key (OS_KEY)'],
  [{ certFile: "/client.pem", keyFile: "/ca.pem" }, '"/ca.pem": it has no private key'],
  [{ certFile: "/ca.pem", keyFile: "/client.key" }, "do not contain a certificate and its key"],
];

for (const [tls, message] of REFUSED) {
  Deno.test(`fetchForCloud() refuses ${JSON.stringify(tls)}`, async () => {
    await assertRejects(
      () => fetchForCloud({ ...NOTHING, ...tls }, readPem),
      InvalidConfigurationValue,
      message,
    );
  });
}
