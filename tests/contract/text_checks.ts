/** Text: encodings, characters that the database cannot store, and collation. */

import { assertEquals } from "@std/assert";
import { assertFailure, assertUnforeseen, type Check, check } from "./check.ts";
import { type Conversation, NAMESPACES } from "./conversation.ts";

const EMOJI = "\u{1F600}";
const ENCODING = "Error decoding your request.";

/** Bodies that are not JSON in UTF-8 without a byte order mark. */
const BAD_BODIES: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  "begins with a byte order mark": new TextEncoder().encode('\ufeff{"name": "x"}'),
  "is Latin-1": latin1('{"name": "\xe9"}'),
  "has a surrogate in UTF-8": latin1('{"name": "\xed\xa0\x80"}'),
  "has an overlong sequence": latin1('{"name": "\xc0\xaf"}'),
  "is UTF-16": new Uint8Array(Uint16Array.from('{"a":"b"}', (c) => c.charCodeAt(0)).buffer),
};

function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const badBodies: Check[] = Object.entries(BAD_BODIES).map(([what, body]) =>
  check(`a JSON body that ${what} returns 400`, async (cloud) => {
    const { id } = await cloud.image();
    for (
      const [who, method, path, type] of [
        ["alice", "POST", "/v2/images", "application/json"],
        ["alice", "PATCH", `/v2/images/${id}`, "application/openstack-images-v2.1-json-patch"],
        ["alice", "POST", `/v2/images/${id}/members`, "application/json"],
        ["admin", "POST", NAMESPACES, "application/json"],
      ] as const
    ) {
      const headers = { "content-type": type };
      const response = await cloud.send(who, method, path, { body, headers });
      assertFailure(response, 400, "Malformed JSON in request body.");
    }
  })
);

/** JSON that Python parses but Glance fails on. */
const UNFORESEEN_BODIES: Readonly<Record<string, string>> = {
  "half a surrogate pair": '{"name": "\\ud800"}',
  "a name of half a surrogate pair": '{"\\udfff": "x"}',
  "ten thousand lists": "[".repeat(10_000) + "]".repeat(10_000),
};

const unforeseenBodies: Check[] = Object.entries(UNFORESEEN_BODIES).map(([what, body]) =>
  check(`a JSON body with ${what} returns 400`, async (cloud) => {
    const headers = { "content-type": "application/json" };
    const response = await cloud.send("alice", "POST", "/v2/images", { body, headers });
    assertUnforeseen(cloud, response, 400);
  })
);

/** Lists that parse the query string. */
const QUERIED = [
  "/v2/images?",
  `${NAMESPACES}?`,
  "/v2/tasks?",
  `${NAMESPACES}/MARK?resource_type=x&`,
  `${NAMESPACES}/MARK/tags?`,
  `${NAMESPACES}/MARK/objects?`,
  `${NAMESPACES}/MARK/properties/x?resource_type=x&`,
];

/** Names that are equal in the database. */
const SAME = ["Été", "ete", "ETE  "] as const;
const OTHER = "ette";

/** Ids of the listed images. */
async function found(cloud: Conversation, query: string): Promise<string[]> {
  const response = await cloud.get(`/v2/images?${query}`);
  return (response.json["images"] as { id: string }[]).map(({ id }) => id).toSorted();
}

export const TEXT_CHECKS: readonly Check[] = [
  ...badBodies,
  ...unforeseenBodies,
  check("a query that is not UTF-8 returns 400 on every path that parses it", async (cloud) => {
    await cloud.namespace({ objects: [{ name: "x" }] });
    for (const path of QUERIED) {
      for (const pair of ["x=%ff", "%e9=1", "name=%ed%a0%80"]) {
        const response = await cloud.get(path.replace("MARK", cloud.mark) + pair, "admin");
        assertFailure(response, 400, ENCODING);
      }
    }
    const { id } = await cloud.image();
    assertEquals((await cloud.get(`/v2/images/${id}?x=%ff`)).status, 200);
  }),
  check("a path that is not UTF-8 returns 400", async (cloud) => {
    const { id } = await cloud.image();
    for (const path of ["/v2/images/%ff", `/v2/images/${id}/tags/%e9`, `${NAMESPACES}/%c3`]) {
      assertUnforeseen(cloud, await cloud.get(path), 400);
    }
  }),
  check("a path is decoded byte by byte", async (cloud) => {
    const { id } = await cloud.image();
    for (const tag of ["%C3%BC", encodeURIComponent(EMOJI)]) {
      const { status } = await cloud.send("alice", "PUT", `/v2/images/${id}/tags/${tag}`);
      assertEquals(status, 204, tag);
    }
    const tags = (await cloud.show(id))["tags"] as string[];
    assertEquals(tags.toSorted(), ["\xc3\xbc", "\xf0\x9f\x98\x80"]);
    assertEquals((await cloud.delete(`/v2/images/${id}/tags/%C3%BC`)).status, 204);
    assertEquals(((await cloud.show(id))["tags"] as string[]).length, 1);
  }),
  check("a percent sign without two hexadecimal digits is kept in the path", async (cloud) => {
    const { id } = await cloud.image();
    for (const tag of ["%zz", "a%"]) {
      const { status } = await cloud.send("alice", "PUT", `/v2/images/${id}/tags/${tag}`);
      assertEquals(status, 204, tag);
    }
    assertEquals(((await cloud.show(id))["tags"] as string[]).toSorted(), ["%zz", "a%"]);
  }),
  check("a semicolon separates the pairs of a query", async (cloud) => {
    const { json } = await cloud.get(`/v2/images?name=${cloud.mark};limit=1`);
    assertEquals(json["first"], `/v2/images?name=${cloud.mark}&limit=1`);
  }),
  check("an emoji is rejected in tags, property names, and members", async (cloud) => {
    const values = "Param values can't contain 4 byte unicode.";
    const names = "Property names can't contain 4 byte unicode.";
    assertFailure(await cloud.create({ tags: ["a", EMOJI] }), 400, values);
    assertFailure(await cloud.create({ [EMOJI]: "x" }), 400, names);
    const { id } = await cloud.image();
    const tags = [{ op: "replace", path: "/tags", value: [EMOJI] }];
    assertFailure(await cloud.patch(id, tags), 400, values);
    const name = [{ op: "add", path: `/${EMOJI}`, value: "x" }];
    assertFailure(await cloud.patch(id, name), 400, names);
    const value = [{ op: "add", path: "/os_Distro", value: EMOJI }];
    assertFailure(await cloud.patch(id, value), 400, "Os_Distro can't contain 4 byte unicode");
    const member = await cloud.post(`/v2/images/${id}/members`, { member: EMOJI });
    assertFailure(member, 400, "Member can't contain 4 byte unicode characters.");
  }),
  check("an emoji is rejected in every column of a metadata definition", async (cloud) => {
    const refused = async (body: Record<string, unknown>, what: string) => {
      const text = `Couldn't create metadata namespace: ${what} can't contain 4 byte unicode`;
      assertFailure(await cloud.define({ namespace: `${cloud.mark}-x`, ...body }), 400, text);
    };
    await refused({ display_name: EMOJI }, "Display_Name");
    await refused({ description: EMOJI }, "Description");
    await refused({ owner: EMOJI }, "Owner");
    const path = await cloud.namespace();
    const part = async (kind: string, body: unknown, what: string) => {
      const response = await cloud.post(`${path}/${kind}`, body, "admin");
      assertFailure(response, 400, `: ${what} can't contain 4 byte unicode characters.`);
    };
    const property = { title: EMOJI, type: "string" };
    await part("objects", { name: "x", description: EMOJI }, "Description");
    await part("objects", { name: "x", required: ["a", EMOJI] }, "Required");
    await part("objects", { name: "x", properties: { a: property } }, "Title");
    await part("properties", { name: "x", ...property }, "Title");
    const listed = { name: "y", title: "x", type: "string", enum: [EMOJI] };
    assertEquals((await cloud.post(`${path}/properties`, listed, "admin")).status, 201);
    const associated = await cloud.post(`${path}/resource_types`, { name: EMOJI }, "admin");
    assertUnforeseen(cloud, associated, 400);
  }),
  check("names are compared without case, accents, and trailing spaces", async (cloud) => {
    const ids: string[] = [];
    for (const name of [...SAME, OTHER]) {
      const { id } = await cloud.image({
        name: `${name}`,
        [`${cloud.mark}-É`]: name,
        tags: [name],
      });
      ids.push(id);
    }
    const same = ids.slice(0, -1).toSorted();
    const key = encodeURIComponent(`${cloud.mark}-e`);
    for (const query of ["name=été", "name=in:x,ETE", "tag=%20ètê%20", `${key}=ETE%20`]) {
      assertEquals(await found(cloud, `${query}&${key}=ete`), same, query);
    }
    assertEquals(await found(cloud, `${key}=ette`), ids.slice(-1));
  }),
  check("a list is sorted with the database's collation", async (cloud) => {
    const inOrder = ["", "-", "1", "a\tb", "Ä", "a b", "b ", "ß", "T", "_", "\u0436", "\u4e2d"];
    for (const name of inOrder.toReversed()) await cloud.image({ name, mark: cloud.mark });
    const { json } = await cloud.get(`/v2/images?mark=${cloud.mark}&sort=name:asc&limit=50`);
    assertEquals((json["images"] as { name: string }[]).map(({ name }) => name), inOrder);
  }),
  check("two properties of an image differ by more than case", async (cloud) => {
    assertUnforeseen(cloud, await cloud.create({ Color: "red", color: "blue" }), 409);
    const { id } = await cloud.image({ Color: "red" });
    const add = await cloud.patch(id, [{ op: "add", path: "/cólor", value: "blue" }]);
    assertUnforeseen(cloud, add, 409);
    assertEquals((await cloud.show(id))["Color"], "red");
  }),
  check("two members of an image differ by more than case", async (cloud) => {
    const { id } = await cloud.image();
    const path = `/v2/images/${id}/members`;
    assertEquals((await cloud.post(path, { member: "Été" })).status, 200);
    assertFailure(await cloud.post(path, { member: "ete " }), 409, "is duplicated for image");
    assertEquals((await cloud.get(`${path}/ETE`)).json["member_id"], "Été");
    assertEquals((await cloud.put(`${path}/ete`, { status: "accepted" }, "admin")).status, 200);
    assertEquals((await cloud.delete(`${path}/ete`)).status, 204);
    assertFailure(await cloud.get(`${path}/ete`), 404);
  }),
  check("two names of metadata definitions differ by more than case and accents", async (cloud) => {
    const path = await cloud.namespace({ namespace: `${cloud.mark}-É` }).then(() =>
      `${NAMESPACES}/${cloud.mark}-e`
    );
    assertFailure(await cloud.define({ namespace: `${cloud.mark}-e ` }), 409, "already exists");
    for (const [kind, more] of Object.entries(PARTS)) {
      const add = (name: string) => cloud.post(`${path}/${kind}`, { name, ...more }, "admin");
      assertEquals((await add("ß")).status, 201, kind);
      assertFailure(await add("S"), 409, "already exists");
      assertEquals((await cloud.get(`${path}/${kind}/s`)).json["name"], "ß");
      const renamed = await cloud.put(`${path}/${kind}/s`, { name: "S", ...more }, "admin");
      assertEquals([renamed.status, renamed.json["name"]], [200, "S"]);
    }
  }),
  check("an image id may be in upper case", async (cloud) => {
    const { id } = await cloud.image();
    const path = `/v2/images/${id.toUpperCase()}`;
    assertEquals((await cloud.get(path)).json["id"], id);
    assertFailure(await cloud.create({ id: id.toUpperCase() }), 409, "already exists!");
    assertEquals((await cloud.upload(id.toUpperCase(), "data")).status, 204);
    assertEquals((await cloud.download(id)).text, "data");
    assertEquals((await cloud.delete(path)).status, 204);
    assertFailure(await cloud.get(`/v2/images/${id}`), 404);
  }),
];

/** Required fields of the parts of a namespace, besides the name. */
const PARTS: Readonly<Record<string, Record<string, unknown>>> = {
  objects: {},
  properties: { title: "x", type: "string" },
};
