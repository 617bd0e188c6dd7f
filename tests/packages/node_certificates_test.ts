/** The certificate files of a cloud on Node, with the unpacked package. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { CA_CERT, CLIENT_CERT, CLIENT_KEY, SERVER_KEY } from "../auth/certificates.ts";
import { serveTls } from "../support/tls_server.ts";
import { textOf, UnpackedCommand } from "./unpacked_command.ts";

/** Prints the response of a URL, or the message of the failure. */
const CLIENT = `
import { fetchForCloud } from "@glance-edge/glance/clouds";

const [url, caCertFile = null, certFile = null, keyFile = null] = process.argv.slice(2);
try {
  const cloudFetch = await fetchForCloud({ verify: true, caCertFile, certFile, keyFile });
  const response = await cloudFetch(url, {});
  console.log(await response.text());
  cloudFetch[Symbol.dispose]();
} catch (error) {
  console.log(error.message, error.cause?.code);
}
`;

Deno.test("fetchForCloud() uses the certificate files of a cloud on Node", async (t) => {
  await using command = await UnpackedCommand.create();
  const folder = `${command.folder}/package`;
  const files = {
    "client.mjs": CLIENT,
    "ca.pem": CA_CERT,
    "client.pem": CLIENT_CERT,
    "client.key": CLIENT_KEY,
    "server.key": SERVER_KEY,
    "broken.pem": "-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n",
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  const request = async (url: string, ...names: string[]) => {
    const { stdout, stderr } = await new Deno.Command("node", {
      args: ["client.mjs", url, ...names],
      cwd: folder,
      clearEnv: true,
      env: { PATH: Deno.env.get("PATH") ?? "" },
    }).output();
    assertEquals(textOf(stderr), "");
    return textOf(stdout).trim();
  };

  await t.step("its CA", async () => {
    await using server = await serveTls();
    assertEquals(await request(server.url, "ca.pem"), "welcome");
  });
  await t.step("a client certificate", async () => {
    await using server = await serveTls({ wantsClient: true });
    assertEquals(await request(server.url, "ca.pem", "client.pem", "client.key"), "welcome");
    assertStringIncludes(await request(server.url, "ca.pem"), "fetch failed");
  });
  await t.step("another CA", async () => {
    await using server = await serveTls();
    assertStringIncludes(await request(server.url, "client.pem"), "SELF_SIGNED_CERT_IN_CHAIN");
  });
  await t.step("files that are not what they should be", async () => {
    await using server = await serveTls();
    const message = "do not contain a certificate and its key";
    assertStringIncludes(await request(server.url, "broken.pem"), message);
    assertStringIncludes(await request(server.url, "ca.pem", "client.pem", "server.key"), message);
    assertStringIncludes(await request(server.url, "ca.pem", "client.pem"), "no private key");
    assertStringIncludes(await request(server.url, "none.pem"), "it does not exist");
  });
});
