/** Servers and catalogs that cannot be used. */
import {
  authenticate,
  getDefaultImageService,
  GlanceConnectionFailed,
  InvalidConfigurationValue,
  NotFound,
} from "../../mod.ts";
import { RedirectRefused, UnexpectedResponse } from "../../lib/errors.ts";
import { SERVER_CERT, SERVER_KEY } from "../auth/certificates.ts";
import { ALICE, CANARY, NO_URL, PASSWORD, row, showFrom, STILL, testBadInput } from "./harness.ts";

const ON_LOOPBACK = { port: 0, hostname: "127.0.0.1", onListen: () => {} } as const;

/** Lists the images of a catalog's Glance. */
function catalog(endpoints: Record<string, string>[], type = "image") {
  const serviceCatalog = [{ type, name: "glance", endpoints }];
  return () => getDefaultImageService(STILL).detail({ ...ALICE, serviceCatalog });
}

/** Shows an image of a server with an untrusted certificate. */
async function untrusted(send: (origin: string) => Promise<unknown>): Promise<void> {
  const tls = { cert: SERVER_CERT, key: SERVER_KEY };
  await using server = Deno.serve({ ...ON_LOOPBACK, ...tls }, () => new Response());
  await send(`https://localhost:${server.addr.port}`);
}

/** Shows an image of a port on which no server listens. */
function unreachable(): Promise<unknown> {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  return getDefaultImageService({ ...STILL, apiServers: [`http://127.0.0.1:${port}`] })
    .show(ALICE, "42");
}

testBadInput([
  row(
    "show()",
    "an untrusted certificate",
    () =>
      untrusted((origin) =>
        getDefaultImageService({ ...STILL, apiServers: [origin] }).show(ALICE, "42")
      ),
    GlanceConnectionFailed,
    'image "42"',
    '"https://localhost:',
    "UnknownIssuer",
    "OS_CACERT",
  ),
  row(
    "authenticate()",
    "a Keystone with an untrusted certificate",
    () =>
      untrusted((authUrl) =>
        authenticate({ authUrl, username: "alice", password: PASSWORD }, STILL)
      ),
    GlanceConnectionFailed,
    'user "alice"',
    '"https://localhost:',
    "OS_CACERT",
  ),
  row(
    "show()",
    "a host that does not respond",
    unreachable,
    GlanceConnectionFailed,
    'image "42"',
    '"http://127.0.0.1:',
    "in 4 attempts",
    "Connection refused",
  ),
  row(
    "detail()",
    "a catalog without the interface",
    catalog([{ interface: "admin", url: "https://glance-admin" }]),
    InvalidConfigurationValue,
    '"publicURL"',
    'it has "admin"',
    '"catalogInfo"',
    '"image:glance:adminURL"',
  ),
  row(
    "detail()",
    "a catalog without an image service",
    catalog([{ interface: "public", url: "https://nova" }], "compute"),
    InvalidConfigurationValue,
    '"image"',
    'set "apiServers" or correct "catalogInfo"',
  ),
  row(
    "detail()",
    "a catalog with an invalid URL",
    catalog([{ interface: "public", url: "glance dot example" }]),
    InvalidConfigurationValue,
    NO_URL,
  ),
  row(
    "show()",
    "no server and no catalog",
    () => getDefaultImageService(STILL).show(ALICE, "42"),
    InvalidConfigurationValue,
    '"apiServers"',
    '"authUrl" to fetch the catalog from Keystone',
  ),
  row(
    "show()",
    "a server that is not a Glance",
    showFrom(() => new Response("<html>Welcome</html>")),
    UnexpectedResponse,
    'show image "42": the response of "http://glance.example" is not a JSON document',
    "check that the endpoint is an Image API",
  ),
  row(
    "delete()",
    "a server that is not a Glance",
    () =>
      getDefaultImageService({
        ...STILL,
        apiServers: ["glance.example"],
        fetch: () => Promise.resolve(new Response("<html>Welcome</html>")),
      }).delete(ALICE, "42"),
    UnexpectedResponse,
    'delete image "42": "http://glance.example" returned the status 200 instead of 204',
    "check that the endpoint is an Image API",
  ),
  row(
    "show()",
    "a server that redirects elsewhere",
    showFrom(() =>
      new Response(null, {
        status: 302,
        headers: { location: `https://me:${PASSWORD}@elsewhere.example/?token=${CANARY}` },
      })
    ),
    RedirectRefused,
    '"https://elsewhere.example"',
    "not followed",
    "configure that server if it is the right one",
  ),
  row(
    "call()",
    "a schema that is not there",
    ({ service }) => service.client.call(ALICE, "schemas.get", "colour" as never),
    NotFound,
    'schema "colour"',
    "404",
  ),
]);
