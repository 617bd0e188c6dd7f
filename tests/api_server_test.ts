/** The spellings of a server, and the endpoint parsed from each. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { apiServerAt, parseApiServer, parseTrustedHost, shuffled } from "../lib/api_server.ts";
import { InvalidConfigurationValue } from "../mod.ts";
import { seededRandom } from "./support/seed.ts";

/** Text -> endpoint, netloc, and whether it is https. */
const SPELLINGS: readonly (readonly [text: string, endpoint: string, netloc: string])[] = [
  ["glance", "http://glance", "glance"],
  ["glance:9292", "http://glance:9292", "glance:9292"],
  ["  glance:9292\n", "http://glance:9292", "glance:9292"],
  ["GLANCE.Example:9292", "http://glance.example:9292", "glance.example:9292"],
  ["http://glance:9292", "http://glance:9292", "glance:9292"],
  ["https://glance:9292", "https://glance:9292", "glance:9292"],
  ["HTTPS://glance", "https://glance", "glance"],
  ["https://glance:443", "https://glance", "glance"],
  ["http://glance:80", "http://glance", "glance"],
  ["http://glance:443", "http://glance:443", "glance:443"],
  ["https://glance/", "https://glance", "glance"],
  ["https://glance///", "https://glance", "glance"],
  ["https://glance/image", "https://glance/image", "glance/image"],
  ["https://glance/image/", "https://glance/image", "glance/image"],
  ["glance/image", "http://glance/image", "glance/image"],
  ["https://glance/a/b c", "https://glance/a/b%20c", "glance/a/b%20c"],
  ["https://glance/v2", "https://glance", "glance"],
  ["https://glance/v2/", "https://glance", "glance"],
  ["https://glance/v2//", "https://glance", "glance"],
  ["https://glance/v2.15", "https://glance", "glance"],
  ["https://glance/v1", "https://glance", "glance"],
  ["https://glance/image/v2/", "https://glance/image", "glance/image"],
  ["https://glance/v2/image", "https://glance/v2/image", "glance/v2/image"],
  ["https://glance/v2beta", "https://glance/v2beta", "glance/v2beta"],
  ["127.0.0.1:9292", "http://127.0.0.1:9292", "127.0.0.1:9292"],
  ["[::1]:9292", "http://[::1]:9292", "[::1]:9292"],
  ["[fd00::1]", "http://[fd00::1]", "[fd00::1]"],
  ["https://[FD00::1]:9292/image", "https://[fd00::1]:9292/image", "[fd00::1]:9292/image"],
  ["::1", "http://[::1]", "[::1]"],
  ["fd00:0:0::1", "http://[fd00::1]", "[fd00::1]"],
  ["https://fd00::1/image", "https://[fd00::1]/image", "[fd00::1]/image"],
  ["bücher.example", "http://xn--bcher-kva.example", "xn--bcher-kva.example"],
];

for (const [text, endpoint, netloc] of SPELLINGS) {
  Deno.test(`parseApiServer() reads ${JSON.stringify(text)} as ${endpoint}`, () => {
    const useSsl = endpoint.startsWith("https:");
    assertEquals(parseApiServer(text), { endpoint, netloc, useSsl });
  });
}

Deno.test("parseApiServer() reads its own endpoints and netlocs", () => {
  for (const [text] of SPELLINGS) {
    const server = parseApiServer(text);
    assertEquals(parseApiServer(server.endpoint), server);
    assertEquals(apiServerAt(server.netloc, server.useSsl), server);
  }
});

const UNUSABLE = [
  "",
  "   ",
  "http://",
  "https://:9292",
  "ftp://glance",
  "file:///var/lib/glance",
  "//glance:9292",
  "glance:/image",
  "http//glance",
  "glance one",
  "http://glance:port",
  "glance:99999",
  "http://[::1",
  "http://::1]:9292",
  "http://glance\u0000.example",
  "http:///glance",
  "https:///glance:9292/image",
  "/glance",
  "http:/glance",
  "http:\\\\glance",
  "http://glance\\image",
  "http://gla\tnce",
  "javascript:alert(1)",
  "data:,x",
  "https://glance?a=b",
  "https://glance/image?token=canary#c",
  "glance#c",
  "https://me:?canary@glance",
];

for (const text of UNUSABLE) {
  Deno.test(`parseApiServer() refuses ${JSON.stringify(text)}, and shows the expected form`, () => {
    const error = assertThrows(() => parseApiServer(text), InvalidConfigurationValue);
    assertStringIncludes(error.message, "Cannot use the API server");
    assertStringIncludes(error.message, "https://host:9292");
    assertEquals(error.message.includes("canary"), false, error.message);
  });
}

const WITH_USER = [
  "https://alice:s3cret@glance",
  "https://alice@glance",
  "alice:s3cret@glance:9292",
  "https://:s3cret@glance/image?s3cret#s3cret",
  "https://alice:s3cr/s3cret@glance",
  "https://alice:s3cr?s3cret@glance",
  "https://alice:s3cr#s3cret@glance",
  "https:/alice:s3cret@glance",
  "https:\\\\alice:s3cret@glance",
  "//alice:s3cret@glance",
  "ftp://alice:s3cret@glance",
  "alice:/s3cret@glance",
];

for (const text of WITH_USER) {
  Deno.test(`parseApiServer() refuses ${JSON.stringify(text)} without showing its user`, () => {
    const { message } = assertThrows(() => parseApiServer(text), InvalidConfigurationValue);
    assertEquals(/s3cr|alice/.exec(message), null, message);
  });
}

Deno.test("apiServerAt() keeps the netloc unchanged", () => {
  assertEquals(apiServerAt("Glance:9292/image", true), {
    endpoint: "https://glance:9292/image",
    netloc: "Glance:9292/image",
    useSsl: true,
  });
  assertEquals(apiServerAt("::1", false).endpoint, "http://[::1]");
  assertEquals(apiServerAt("::1", false).netloc, "::1");
});

for (const netloc of ["http://glance", "//glance", "", "me:s3cret@glance", "glance?s3cret"]) {
  Deno.test(`apiServerAt() refuses ${JSON.stringify(netloc)}, which is not a host`, () => {
    const refuse = () => apiServerAt(netloc, true);
    const { message } = assertThrows(refuse, InvalidConfigurationValue, "Cannot use the netloc");
    assertEquals(message.includes("s3cret"), false, message);
  });
}

/** Trusted host -> its origin. */
const TRUSTED: readonly (readonly [host: string, origin: string])[] = [
  ["glance", "https://glance"],
  ["GLANCE", "https://glance"],
  [" glance ", "https://glance"],
  ["glance:443", "https://glance"],
  ["glance:80", "https://glance:80"],
  ["glance:9292", "https://glance:9292"],
  ["https://glance:9292", "https://glance:9292"],
  ["http://glance", "http://glance"],
  ["http://glance:9292/", "http://glance:9292"],
  ["[::1]:9292", "https://[::1]:9292"],
  ["[0:0:0:0:0:0:0:1]:9292", "https://[::1]:9292"],
  ["::1", "https://[::1]"],
];

for (const [host, origin] of TRUSTED) {
  Deno.test(`parseTrustedHost() reads ${JSON.stringify(host)} as ${origin}`, () => {
    assertEquals(parseTrustedHost(host), origin);
  });
}

for (const host of ["", "a b", "ftp://glance", "glance/image", "me:s3cret@glance", "glance?x"]) {
  Deno.test(`parseTrustedHost() refuses ${JSON.stringify(host)}, which is not an origin`, () => {
    const refuse = () => parseTrustedHost(host);
    const { message } = assertThrows(refuse, InvalidConfigurationValue, "the trusted host");
    assertEquals(message.includes("s3cret"), false, message);
  });
}

Deno.test("shuffled() keeps the given list unchanged, and every entry of it", () => {
  const list = [1, 2, 3, 4, 5];
  const random = seededRandom(1);
  const firsts = new Set<number | undefined>();
  for (let i = 0; i < 100; i++) {
    const result = shuffled(list, random);
    assertEquals([...result].sort(), list);
    firsts.add(result[0]);
  }
  assertEquals(list, [1, 2, 3, 4, 5]);
  assertEquals([...firsts].sort(), list);
  assertEquals(shuffled([], random), []);
});

Deno.test("shuffled() returns each order of three equally often", () => {
  const random = seededRandom(7);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6_000; i++) {
    const order = shuffled(["a", "b", "c"], random).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assertEquals(counts.size, 6);
  for (const count of counts.values()) assertEquals(Math.abs(count - 1_000) < 120, true);
});
