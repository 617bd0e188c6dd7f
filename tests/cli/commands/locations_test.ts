/** `add-location`, and the hash that it sends. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CliHarness, embedded, responding } from "../harness.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const URL = "https://data.example/disk.img";
const HASH = { os_hash_algo: "sha256", os_hash_value: "ab".repeat(32) };
const LINE = ["add-location", ID, "--url", URL];

Deno.test("add-location sends the URL and the hash, and prints the image", async () => {
  const image = { id: ID, name: "disk", status: "importing" };
  const { harness, requests } = responding({
    [`POST /v2/images/${ID}/locations`]: null,
    [`GET /v2/images/${ID}`]: image,
  });
  const data = ["--validation-data", JSON.stringify(HASH)];
  const { code, stdout, stderr } = await harness.run([...LINE, ...data]);
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "| status   | importing ");
  assertEquals(JSON.parse(requests[0]?.body ?? ""), { url: URL, validation_data: HASH });
  for (const empty of [[], ["--validation-data", "{}"]]) {
    requests.length = 0;
    assertEquals((await harness.run([...LINE, ...empty])).code, 0);
    assertEquals(JSON.parse(requests[0]?.body ?? ""), { url: URL });
  }
});

Deno.test("--validation-data refuses what Glance would refuse, before a request", async (t) => {
  const cases: readonly (readonly [json: string, cause: RegExp])[] = [
    ["sha512", /it must be a JSON object/],
    ["[]", /it must be a JSON object/],
    ['{"checksum": "x"}', /it may only have os_hash_algo and os_hash_value, not checksum/],
    ['{"os_hash_algo": "sha512"}', /it must have os_hash_algo and os_hash_value/],
    ['{"os_hash_value": "aa"}', /it must have os_hash_algo and os_hash_value/],
    ['{"os_hash_algo": "sha512", "os_hash_value": 5}', /both as strings/],
    ['{"os_hash_algo": "crc", "os_hash_value": "aa"}', /must be one of sha512, sha256, sha1, md5/],
  ];
  for (const [json, cause] of cases) {
    await t.step(json, async () => {
      const { harness, requests } = responding({});
      const { code, stderr } = await harness.run([...LINE, "--validation-data", json]);
      assertEquals([code, requests.length], [2, 0], stderr);
      assertMatch(stderr, cause);
    });
  }
});

Deno.test("add-location names the version that the cloud lacks", async () => {
  const harness = new CliHarness(embedded({ version: "2.16" }));
  const lost = await harness.run(LINE);
  assertEquals(lost.code, 1);
  assertMatch(lost.stderr, /check the image id/);
  assertEquals((await harness.run(["image-create", "--id", ID])).code, 0);
  const { code, stderr } = await harness.run(LINE);
  assertEquals([code, stderr], [
    1,
    `Cannot add a location to image "${ID}": the cloud has no location API (2.17); use "glance-edge location-add"\n`,
  ]);
});
