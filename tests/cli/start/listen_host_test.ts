/** The host that `start` listens on. */
import { assertEquals } from "@std/assert";
import { isLoopback, listenHost } from "../../../lib/cli/start/listen_host.ts";

Deno.test("listenHost() spells a host as URL does, and an IPv6 address without brackets", () => {
  const spellings = [
    ["127.0.0.1", "127.0.0.1"],
    ["127.1", "127.0.0.1"],
    ["0x7f000001", "127.0.0.1"],
    ["LOCALHOST", "localhost"],
    ["0.0.0.0", "0.0.0.0"],
    ["::", "::"],
    ["[::]", "::"],
    ["[::1]", "::1"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["::ffff:127.0.0.1", "::ffff:7f00:1"],
    ["fe80::1%Eth0", "fe80::1%Eth0"],
    ["images.example", "images.example"],
    ["my_host", "my_host"],
  ] as const;
  for (const [text, host] of spellings) assertEquals(listenHost(text), host, text);
});

Deno.test("listenHost() returns null when the text is not a host", () => {
  const others = ["", "*", " localhost", "a b", "../x", "http://127.0.0.1", "127.0.0.1:80"];
  for (const text of [...others, "[::1", "[::1]:80", "a@b", "a/b", "a?b", "1.2.3.4.5", "::1%"]) {
    assertEquals(listenHost(text), null, text);
  }
});

Deno.test("isLoopback() recognizes every loopback address as listenHost() spells it", () => {
  for (const text of ["127.0.0.2", "127.1", "LocalHost", "[::1]", "::ffff:127.0.0.1"]) {
    assertEquals(isLoopback(listenHost(text) ?? ""), true, text);
  }
  for (const text of ["0.0.0.0", "::", "10.0.0.1", "localhost.example", "::ffff:10.0.0.1"]) {
    assertEquals(isLoopback(listenHost(text) ?? ""), false, text);
  }
});
