import { assertEquals, assertStringIncludes } from "@std/assert";
import { clearTextWarnings } from "../../../lib/cli/start/clear_text.ts";

const SAFE = { host: "127.0.0.1", hasTls: false, clientsSendTokens: true, servers: [] };

Deno.test("clearTextWarnings() is empty when tokens are protected or stay on this machine", () => {
  const servers = ["http://127.0.0.1:9292", "http://[::1]:9292", "http://localhost", "https://g"];
  assertEquals(clearTextWarnings({ ...SAFE, servers }), []);
  assertEquals(clearTextWarnings({ ...SAFE, host: "0.0.0.0", hasTls: true }), []);
  assertEquals(clearTextWarnings({ ...SAFE, host: "0.0.0.0", clientsSendTokens: false }), []);
});

Deno.test("clearTextWarnings() names the address or the servers when tokens cross a network", () => {
  const [listens, ...others] = clearTextWarnings({ ...SAFE, host: "::" });
  assertStringIncludes(listens ?? "", "this server listens on :: without TLS");
  assertEquals(others, []);
  const servers = ["http://user:secret@glance:9292", "https://b", "http://127.0.0.1.example"];
  assertEquals(clearTextWarnings({ ...SAFE, servers }), [
    "Tokens cross the network in clear text: http://glance:9292, http://127.0.0.1.example without TLS; use an https URL",
  ]);
});
