import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { defaultFetch, sendsFreedChunks } from "../lib/platform.ts";
import { resolveOptions } from "../lib/options.ts";
import { CA_CERT } from "./auth/certificates.ts";
import { inDirectory } from "./support/directory.ts";
import { serveTls } from "./support/tls_server.ts";

const OPTIONS = new URL("../lib/options.ts", import.meta.url);

/** Sends two requests at once with the default `fetch`. */
const SCRIPT = `
import { resolveOptions } from "${OPTIONS}";
const { fetch } = resolveOptions();
const responses = await Promise.all([1, 2].map(() => fetch(Deno.args[0], {})));
for (const response of responses) console.log(await response.text());
`;

Deno.test("defaultFetch() uses one HTTP/1.1 connection per request when the server offers HTTP/2", async () => {
  await using server = await serveTls({ together: 2 });
  await inDirectory(async (directory) => {
    // Deno reads the CAs of its default clients once, when it starts.
    await Deno.writeTextFile(`${directory}/ca.pem`, CA_CERT);
    await Deno.writeTextFile(`${directory}/script.ts`, SCRIPT);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-net=localhost", "script.ts", server.url],
      cwd: directory,
      env: { DENO_CERT: `${directory}/ca.pem`, NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(text, "welcome\nwelcome\n", new TextDecoder().decode(stderr));
  });
  assertEquals(server.versions, ["1.1", "1.1"]);
  assertEquals(server.connections, 2);
});

Deno.test("defaultFetch() leaves no resource open when its response is read", async () => {
  await using server = Deno.serve({ port: 0, onListen() {} }, () => new Response("welcome"));
  const response = await resolveOptions().fetch(`http://localhost:${server.addr.port}/`, {});
  assertEquals(await response.text(), "welcome");
});

Deno.test("defaultFetch() passes the request unchanged when the program has replaced the global fetch", async () => {
  const calls: unknown[][] = [];
  const { fetch } = globalThis;
  globalThis.fetch = (...args) => {
    calls.push(args);
    return Promise.resolve(new Response());
  };
  const init = {};
  try {
    await defaultFetch("http://glance.example/", init);
  } finally {
    globalThis.fetch = fetch;
  }
  assertEquals(calls.length, 1);
  assertEquals(calls[0]?.[0], "http://glance.example/");
  assertStrictEquals(calls[0]?.[1], init);
});

Deno.test("sendsFreedChunks() is true only of Deno's own fetch", () => {
  assert(sendsFreedChunks(defaultFetch));
  assert(!sendsFreedChunks((url: string) => fetch(url)));
  const { fetch: runtimeFetch } = globalThis;
  globalThis.fetch = (url, init) => runtimeFetch(url, init);
  try {
    assert(!sendsFreedChunks(defaultFetch));
  } finally {
    globalThis.fetch = runtimeFetch;
  }
});
