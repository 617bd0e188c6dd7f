/** Locations of image data: PATCH, and the location API of 2.17. */

import { assertEquals, assertMatch } from "@std/assert";
import { assertFailure, type Check, check } from "./check.ts";
import type { Conversation } from "./conversation.ts";
import type { Facts } from "./target.ts";

const VISIBLE = {
  needs: ["visible locations", ({ showLocations }: Facts) => showLocations],
} as const;
/** A URL that is rejected before a connection is made. */
const URL_ON_WEB = "http://127.0.0.1:9/image";

function add(cloud: Conversation, id: string, value: unknown, position = "-") {
  return cloud.patch(id, [{ op: "add", path: `/locations/${position}`, value }]);
}

function remove(cloud: Conversation, id: string, position: string) {
  return cloud.patch(id, [{ op: "remove", path: `/locations/${position}` }]);
}

/** Invalid validation_data, with the status and a part of the message. */
const BAD_HASHES: readonly (readonly [data: unknown, status: number, text: string])[] = [
  [{ os_hash_algo: "sha512" }, 400, "'os_hash_value' is a required property"],
  [{ os_hash_algo: "sha512", os_hash_value: "aa", extra: "x" }, 400, "'extra' was unexpected"],
  [{ os_hash_algo: "md5", os_hash_value: "x" }, 409, "os_hash_algo must be sha512, not md5"],
  [{ os_hash_algo: "sha512", os_hash_value: "xx" }, 409, "is not a valid hexadecimal value"],
  [{ os_hash_algo: "sha512", os_hash_value: "aa" }, 409, "(should be 64 bytes)"],
  [
    { os_hash_algo: "sha512", os_hash_value: "a".repeat(128), checksum: "z".repeat(32) },
    409,
    "is not a valid hexadecimal value",
  ],
];

const badHashes: Check[] = BAD_HASHES.map(([data, status, text]) =>
  check(`PATCH refuses a location with ${JSON.stringify(data).slice(0, 60)}`, async (cloud) => {
    const { id } = await cloud.image();
    const value = { url: URL_ON_WEB, metadata: {}, validation_data: data };
    assertFailure(await add(cloud, id, value), status, text);
  }, VISIBLE)
);

const BAD_LOCATIONS: readonly (readonly [what: string, value: unknown, text: string])[] = [
  ["without metadata", { url: URL_ON_WEB }, "'metadata' is a required property"],
  ["whose url is a number", { url: 5, metadata: {} }, "5 is not of type 'string'"],
  ["that is a file", { url: "file:///etc/passwd", metadata: {} }, "Invalid location"],
  ["of an unknown scheme", { url: "zz://x/y", metadata: {} }, "Invalid location"],
  ["that is not a URL", { url: "nope", metadata: {} }, "Invalid location"],
];

const badLocations: Check[] = BAD_LOCATIONS.map(([what, value, text]) =>
  check(`PATCH refuses a location ${what} with 400`, async (cloud) => {
    const { id } = await cloud.image();
    assertFailure(await add(cloud, id, value), 400, text);
  }, VISIBLE)
);

/** Invalid locations, with a part of the message. */
const BAD_REGISTRATIONS: readonly (readonly [what: string, body: unknown, text: string])[] = [
  ["without a url", {}, "'url' is a required property"],
  ["that is a list", [], "[] is not of type 'object'"],
  ["whose url is a number", { url: 5 }, "5 is not of type 'string'"],
  [
    "with half a hash",
    { url: URL_ON_WEB, validation_data: { os_hash_algo: "sha512" } },
    "'os_hash_value' is a dependency of 'os_hash_algo'",
  ],
  [
    "with an unknown algorithm",
    { url: URL_ON_WEB, validation_data: { os_hash_algo: "crc32", os_hash_value: "x" } },
    "'crc32' is not one of ['sha1', 'sha256', 'sha512', 'md5']",
  ],
  [
    "with a checksum",
    { url: URL_ON_WEB, validation_data: { checksum: "x" } },
    "Additional properties are not allowed ('checksum' was unexpected)",
  ],
  [
    "with a hash that is not hexadecimal",
    { url: URL_ON_WEB, validation_data: { os_hash_algo: "md5", os_hash_value: "xx" } },
    "os_hash_value (xx) is not a valid hexadecimal value",
  ],
  [
    "with a hash that is too short",
    { url: URL_ON_WEB, validation_data: { os_hash_algo: "md5", os_hash_value: "aa" } },
    "os_hash_value: (aa) is not the correct size for (md5) (should be (16) bytes)",
  ],
];

const badRegistrations: Check[] = BAD_REGISTRATIONS.map(([what, body, text]) =>
  check(`POST refuses a location ${what} with 400`, async (cloud) => {
    const { id } = await cloud.image();
    assertFailure(await cloud.post(`/v2/images/${id}/locations`, body), 400, text);
  }, { since: "2.17" })
);

async function sha512(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-512", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const LOCATION_CHECKS: readonly Check[] = [
  check("an image shows its one location", async (cloud) => {
    const image = await cloud.imageWith("data");
    const [store = ""] = cloud.target.facts.stores;
    const { showLocations, showDirectUrl } = cloud.target.facts;
    const locations = image["locations"] as { url: string; metadata: unknown }[] | undefined;
    assertEquals(locations !== undefined, showLocations);
    assertEquals(image["direct_url"] !== undefined, showDirectUrl);
    if (locations === undefined) return;
    assertEquals(locations.map(({ metadata }) => metadata), [{ store }]);
    assertEquals(image["direct_url"], locations[0]?.url);
    assertMatch(String(locations[0]?.url), new RegExp(`^[a-z]+:///.*${store}/${image.id}$`));
  }),
  check("PATCH of locations returns 403 when they are hidden", async (cloud) => {
    const { id } = await cloud.image();
    const response = await add(cloud, id, { url: URL_ON_WEB, metadata: {} });
    assertFailure(response, 403, "locations if locations are invisible.");
  }, { needs: ["hidden locations", ({ showLocations }) => !showLocations] }),
  check("PATCH does not remove the last location", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    const text = "Cannot remove last location in the image.";
    assertFailure(await remove(cloud, id, "0"), 403, text);
  }, VISIBLE),
  check("PATCH does not replace locations by none", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    const patch = [{ op: "replace", path: "/locations", value: [] }];
    assertFailure(await cloud.patch(id, patch), 403, "Cannot set locations to empty list.");
  }, VISIBLE),
  check("PATCH does not replace locations by others", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    const value = [{ url: URL_ON_WEB, metadata: {} }];
    const patch = [{ op: "replace", path: "/locations", value }];
    assertFailure(await cloud.patch(id, patch), 400, "Original locations is not empty");
  }, VISIBLE),
  check("PATCH removes no location of an image without data", async (cloud) => {
    const { id } = await cloud.image();
    const text = "It's not allowed to remove locations if image status is queued.";
    assertFailure(await remove(cloud, id, "0"), 409, text);
  }, VISIBLE),
  check("PATCH adds no location to a staged image", async (cloud) => {
    const { id } = await cloud.image();
    const headers = { "content-type": "application/octet-stream" };
    await cloud.send("alice", "PUT", `/v2/images/${id}/stage`, { body: "x", headers });
    const text = "It's not allowed to add locations if image status is uploading.";
    assertFailure(await add(cloud, id, { url: URL_ON_WEB, metadata: {} }), 409, text);
  }, VISIBLE),
  check("PATCH addresses locations by position only", async (cloud) => {
    const { id } = await cloud.image();
    const value = { url: URL_ON_WEB, metadata: {} };
    const text = "Invalid position for adding a location.";
    assertFailure(await add(cloud, id, value, "x"), 400, text);
    assertFailure(await add(cloud, id, value, "-1"), 400, text);
    const whole = [{ op: "add", path: "/locations", value: [] }];
    assertFailure(await cloud.patch(id, whole), 400, "Invalid JSON pointer for this resource");
    const one = [{ op: "replace", path: "/locations/0", value }];
    assertFailure(await cloud.patch(id, one), 400, "Invalid JSON pointer for this resource");
  }, VISIBLE),
  ...badLocations,
  ...badHashes,
  check("the location API does not exist before 2.17", async (cloud) => {
    const { id } = await cloud.image();
    assertFailure(await cloud.get(`/v2/images/${id}/locations`), 404);
    assertFailure(await cloud.post(`/v2/images/${id}/locations`, { url: URL_ON_WEB }), 404);
  }, { until: "2.16" }),
  check("GET of locations is forbidden for users", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    assertFailure(await cloud.get(`/v2/images/${id}/locations`), 403);
    assertFailure(await cloud.get("/v2/images/nope/locations"), 404);
  }, { since: "2.17" }),
  check("GET of locations returns a list for administrators", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    const response = await cloud.get(`/v2/images/${id}/locations`, "admin");
    const [first] = JSON.parse(response.text) as { metadata: unknown }[];
    assertEquals(first?.metadata, { store: cloud.target.facts.stores[0] });
  }, { since: "2.17" }),
  ...badRegistrations,
  check("POST of a location returns 202 and activates the image with its hash", async (cloud) => {
    await using source = cloud.target.publish("what was published");
    const { id } = await cloud.image();
    const path = `/v2/images/${id}/locations`;
    assertEquals((await cloud.post(path, { url: source.url })).status, 202);
    const image = await cloud.until(id, (now) => now["os_hash_value"] !== null);
    assertEquals([image["status"], image["size"]], ["active", 18]);
    assertEquals(image["os_hash_value"], await sha512("what was published"));
    assertEquals((await cloud.download(id)).text, "what was published");
    const { json } = await cloud.get(`/v2/images/${id}/tasks`);
    const [task = {}] = json["tasks"] as Record<string, unknown>[];
    assertEquals([task["type"], task["status"]], ["location_import", "success"]);
    assertEquals(task["input"], { image_id: id, loc_url: source.url, validation_data: {} });
  }, { since: "2.17" }),
  check("POST of a location compares the hash before it activates the image", async (cloud) => {
    await using source = cloud.target.publish("what was published");
    const right = { os_hash_algo: "sha512", os_hash_value: await sha512("what was published") };
    const wrong = { os_hash_algo: "sha512", os_hash_value: await sha512("another") };
    const register = async (validation_data: unknown) => {
      const { id } = await cloud.image();
      const body = { url: source.url, validation_data };
      assertEquals((await cloud.post(`/v2/images/${id}/locations`, body)).status, 202);
      return await cloud.until(id, (now) => now["status"] !== "importing");
    };
    const good = await register(right);
    assertEquals([good["status"], good["os_hash_value"]], ["active", right.os_hash_value]);
    const bad = await register(wrong);
    assertEquals([bad["status"], bad["os_hash_value"]], ["queued", null]);
    const { json } = await cloud.get(`/v2/images/${bad.id}/tasks`);
    const [task = {}] = json["tasks"] as Record<string, unknown>[];
    assertEquals(task["status"], "failure");
  }, { since: "2.17" }),
  check("POST of a location lets the owner add http and https URLs only", async (cloud) => {
    const { id } = await cloud.image({ visibility: "shared" });
    const path = `/v2/images/${id}/locations`;
    const local = { url: "file:///etc/passwd" };
    const text = "http store must be enabled to use location API by normal user.";
    assertFailure(await cloud.post(path, local), 403, text);
    assertFailure(await cloud.post(path, { url: URL_ON_WEB }, "bob"), 404);
  }, { since: "2.17" }),
  check("POST of a location to an active image returns 409", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    assertFailure(await cloud.post(`/v2/images/${id}/locations`, { url: URL_ON_WEB }), 409);
  }, { since: "2.17" }),
];
