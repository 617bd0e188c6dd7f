import { assertEquals, assertStringIncludes } from "@std/assert";
import { CliHarness } from "./harness.ts";
import { MemoryFiles } from "./memory_files.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const OTHER_ID = "22222222-2222-4222-8222-222222222222";

const FILES = new MemoryFiles({ "disk.img": "the bytes of a disk" });

/** A harness with one image, named `disk`. */
async function harnessWithDisk(): Promise<CliHarness> {
  const harness = new CliHarness();
  const flags = ["--name", "disk", "--disk-format", "raw", "--container-format", "bare"];
  const file = ["--file", "disk.img", "--property", "os_type=linux"];
  const { code } = await harness.run(["image-create", "--id", ID, ...flags, ...file], {
    files: FILES,
  });
  assertEquals(code, 0);
  return harness;
}

/** Runs a command that must succeed without messages; returns standard output. */
async function out(harness: CliHarness, line: string): Promise<string> {
  const { code, stdout, stderr } = await harness.run(line.split(" "), { files: FILES });
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

Deno.test("image-create prints the new image as glanceclient does", async () => {
  const line =
    `image-create --id ${ID} --name disk --disk-format raw --container-format bare --file disk.img --tags a b --property os_type=linux --min-disk 1 --protected True --os-distro debian`;
  assertEquals(
    await out(new CliHarness(), line),
    `\
+------------------+----------------------------------------------------------------------------------+
| Property         | Value                                                                            |
+------------------+----------------------------------------------------------------------------------+
| checksum         | a6421c91f1f1055fe6958937d8699675                                                 |
| container_format | bare                                                                             |
| created_at       | 2026-01-02T03:04:05Z                                                             |
| disk_format      | raw                                                                              |
| id               | 11111111-1111-4111-8111-111111111111                                             |
| min_disk         | 1                                                                                |
| min_ram          | 0                                                                                |
| name             | disk                                                                             |
| os_distro        | debian                                                                           |
| os_hash_algo     | sha512                                                                           |
| os_hash_value    | db8a660687e5ffe9364f29485795dc9fca905e059e24303e0f05d42b9215bcbf4e25fec00e742f31 |
|                  | 9f72461ebecb5366eaeee20bf8f62121547fa6dc7410bdab                                 |
| os_hidden        | False                                                                            |
| os_type          | linux                                                                            |
| owner            | local                                                                            |
| protected        | True                                                                             |
| size             | 19                                                                               |
| status           | active                                                                           |
| stores           | local                                                                            |
| tags             | ["a", "b"]                                                                       |
| updated_at       | 2026-01-02T03:04:05Z                                                             |
| virtual_size     | 19                                                                               |
| visibility       | shared                                                                           |
+------------------+----------------------------------------------------------------------------------+
`,
  );
});

Deno.test("image-create creates only the record when there is no data", async () => {
  for (const stdin of ["terminal", "nothing", new Uint8Array()] as const) {
    const harness = new CliHarness();
    const { code, stdout } = await harness.run(["image-create", "--name", "empty"], { stdin });
    assertEquals(code, 0);
    assertStringIncludes(stdout, "| status           | queued ");
    assertStringIncludes(stdout, "| virtual_size     | Not available ");
    assertStringIncludes(stdout, "| checksum         | None ");
  }
});

Deno.test("image-list prints ids and names, sorted by name", async () => {
  const harness = await harnessWithDisk();
  await out(harness, `image-create --id ${OTHER_ID} --name a_disk`);
  assertEquals(
    await out(harness, "image-list"),
    `\
+--------------------------------------+--------+
| ID                                   | Name   |
+--------------------------------------+--------+
| 22222222-2222-4222-8222-222222222222 | a_disk |
| 11111111-1111-4111-8111-111111111111 | disk   |
+--------------------------------------+--------+
`,
  );
});

Deno.test("image-list --verbose --include-stores adds glanceclient's columns", async () => {
  assertEquals(
    await out(await harnessWithDisk(), "-v image-list --include-stores"),
    `\
+--------------------------------------+------+-------------+------------------+------+--------+-------+--------+
| ID                                   | Name | Disk_format | Container_format | Size | Status | Owner | Stores |
+--------------------------------------+------+-------------+------------------+------+--------+-------+--------+
| 11111111-1111-4111-8111-111111111111 | disk | raw         | bare             | 19   | active | local | local  |
+--------------------------------------+------+-------------+------------------+------+--------+-------+--------+
`,
  );
});

Deno.test("image-list prints an empty table when there are no images", async () => {
  assertEquals(
    await out(new CliHarness(), "image-list"),
    "+----+------+\n| ID | Name |\n+----+------+\n+----+------+\n",
  );
  assertEquals(await out(new CliHarness(), "image-list --json"), "[]\n");
});

Deno.test("image-list --verbose leaves the size empty when it is 0, as glanceclient does", async () => {
  const harness = new CliHarness();
  const flags = ["--name", "empty", "--disk-format", "raw", "--container-format", "bare"];
  const files = new MemoryFiles({ "empty.img": "" });
  const create = ["image-create", "--id", ID, ...flags, "--file", "empty.img"];
  assertEquals((await harness.run(create, { files })).code, 0);
  assertStringIncludes(await out(harness, "-v image-list"), "| bare             |      | active |");
});

Deno.test("image-list sends its flags as query parameters", async (t) => {
  const harness = await harnessWithDisk();
  await out(harness, `image-create --id ${OTHER_ID} --name b --tags x y --hidden --property k=v`);
  const cases: readonly (readonly [flags: string, ids: readonly string[]])[] = [
    ["--limit 0", []],
    ["--limit 1", [ID]],
    ["--page-size 1", [ID]],
    ["--hidden", [OTHER_ID]],
    ["--hidden False", [ID]],
    ["--hidden --tag x --tag y", [OTHER_ID]],
    ["--hidden --tag x --tag z", []],
    ["--hidden --property-filter k=v", [OTHER_ID]],
    ["--property-filter os_type=linux", [ID]],
    ["--property-filter name=in:disk,b", [ID]],
    ["--checksum a6421c91f1f1055fe6958937d8699675", [ID]],
    ["--checksum 0", []],
    ["--hash 0", []],
    ["--owner local", [ID]],
    ["--owner nobody", []],
    ["--visibility public", []],
    ["--visibility all --sort created_at:asc,id:asc", [ID]],
    ["--sort-key size --sort-dir asc --sort-key id --sort-dir desc", [ID]],
  ];
  for (const [flags, ids] of cases) {
    await t.step(flags, async () => {
      const images = JSON.parse(await out(harness, `image-list --json ${flags}`));
      assertEquals(images.map(({ id }: { id: string }) => id), ids);
    });
  }
});

Deno.test("image-show accepts an id or a name, and prints Glance's JSON unchanged", async () => {
  const harness = await harnessWithDisk();
  const byId = JSON.parse(await out(harness, `image-show ${ID} --json`));
  assertEquals(JSON.parse(await out(harness, "--json image-show disk")), byId);
  assertEquals(byId.size, 19);
  assertEquals(byId.self, `/v2/images/${ID}`);
  assertEquals(byId.created_at, "2026-01-02T03:04:05Z");
});

Deno.test("image-show finds a name that looks like a filter", async () => {
  const harness = new CliHarness();
  for (const name of ["in:a,b", "eq:x", "a b", 'say "hi"', "50%", "a/../b", "日本"]) {
    const { code } = await harness.run(["image-create", "--name", name]);
    assertEquals(code, 0);
    const { stdout } = await harness.run(["image-show", name, "--json"]);
    assertEquals(JSON.parse(stdout).name, name);
  }
});

Deno.test("image-show --human-readable prints the size with a unit, and --max-column-width wraps columns", async () => {
  const harness = await harnessWithDisk();
  const shown = await out(harness, "image-show disk --human-readable --max-column-width 20");
  assertStringIncludes(shown, "| size             | 19B                  |");
  assertStringIncludes(
    shown,
    "| id               | 11111111-1111-4111-  |\n|                  | 8111-111111111111    |",
  );
});

Deno.test("image-update changes only the properties that its flags name", async () => {
  const harness = await harnessWithDisk();
  await out(harness, "image-update disk --property a=1 --property b=2=3 --min-ram 512");
  const changed = JSON.parse(
    await out(
      harness,
      "image-update disk --name neu --remove-property a --remove-property absent --hidden --json",
    ),
  );
  const { name, a, b, os_type, min_ram, os_hidden } = changed;
  assertEquals(
    { name, a, b, os_type, min_ram, os_hidden },
    { name: "neu", a: undefined, b: "2=3", os_type: "linux", min_ram: 512, os_hidden: true },
  );
});

Deno.test("image-delete deletes the other images when one cannot be deleted, and names that one", async () => {
  const harness = await harnessWithDisk();
  await out(harness, `image-create --id ${OTHER_ID} --name other`);
  const { code, stderr } = await harness.run(["image-delete", "disk", "nobody", "other"]);
  assertEquals(code, 1);
  assertEquals(
    stderr,
    `Cannot find image "nobody": no image with this id or name is visible to you; see "glance-edge image-list"
Cannot delete 1 of 3 images: see the errors above; 2 deleted
`,
  );
  assertEquals(await out(harness, "image-list --json"), "[]\n");
});

Deno.test("image-tag-update and image-tag-delete change one tag", async () => {
  const harness = await harnessWithDisk();
  assertEquals(
    await out(harness, "image-tag-update disk prod"),
    `\
+--------------------------------------+----------+
| ID                                   | Tags     |
+--------------------------------------+----------+
| 11111111-1111-4111-8111-111111111111 | ["prod"] |
+--------------------------------------+----------+
`,
  );
  assertEquals(await out(harness, "image-tag-delete disk prod"), "");
  assertEquals(JSON.parse(await out(harness, "image-show disk --json")).tags, []);
});

Deno.test("image-tag-update and image-tag-delete accept tags that Glance misreads in a path", async () => {
  const harness = await harnessWithDisk();
  const before = JSON.parse(await out(harness, "image-show disk --json"));
  const tagged = { ...before, tags: ["plain"] };
  await out(harness, "image-tag-update disk plain");
  for (const tag of ["größe", "a/b", "..", "日本"]) {
    const reported = JSON.parse(await out(harness, `image-tag-update disk ${tag} --json`));
    assertEquals(reported.tags, ["plain", tag]);
    const { code, stderr } = await harness.run(["image-tag-delete", "disk", `${tag}/`]);
    assertEquals([code, stderr], [
      1,
      `Cannot delete tag "${tag}/" of image "${reported.id}": the image does not have it; see "glance-edge image-show ${reported.id}"\n`,
    ]);
    assertEquals(await out(harness, `image-tag-delete disk ${tag}`), "");
    assertEquals(JSON.parse(await out(harness, "image-show disk --json")), tagged);
  }
});

Deno.test("member-create and the other member commands share an image as glanceclient does", async () => {
  const harness = await harnessWithDisk();
  const created = `\
+--------------------------------------+-----------+---------+
| Image ID                             | Member ID | Status  |
+--------------------------------------+-----------+---------+
| 11111111-1111-4111-8111-111111111111 | p1        | pending |
+--------------------------------------+-----------+---------+
`;
  assertEquals(await out(harness, "member-create disk p1"), created);
  assertEquals(await out(harness, `member-list --image-id ${ID}`), created);
  const updated = JSON.parse(await out(harness, "member-update disk p1 accepted --json"));
  assertEquals(updated.status, "accepted");
  assertEquals(await out(harness, "member-delete disk p1"), "");
  assertEquals(await out(harness, "member-list --image-id disk --json"), "[]\n");
});

Deno.test("image-deactivate and image-reactivate change the status of the image", async () => {
  const harness = await harnessWithDisk();
  assertEquals(await out(harness, "image-deactivate disk"), "");
  assertEquals(JSON.parse(await out(harness, "image-show disk --json")).status, "deactivated");
  assertEquals(await out(harness, "image-reactivate disk"), "");
  assertEquals(JSON.parse(await out(harness, "image-show disk --json")).status, "active");
});

Deno.test("stores-info prints the stores", async () => {
  assertEquals(
    await out(new CliHarness(), "stores-info"),
    `\
+----------+--------------------------------------+
| Property | Value                                |
+----------+--------------------------------------+
| stores   | [{"id": "local", "default": "true"}] |
+----------+--------------------------------------+
`,
  );
});

Deno.test("runGlance() prints no control character that can change what a terminal shows", async () => {
  // C0, DEL, C1, soft hyphen, line separators, bidi, zero-width, tags, annotations, lone surrogates.
  const odd = "\x00\x07\x1b]0;x\x07\r\x7f\x85\x9b2J\xad\u061c\u180e\u200b\u200d\u200e\u2028\u2029" +
    "\u202e\u2060\u2066\u2069\u3164\ufeff\ufff9\u{e0041}\ud800";
  // Text for people is kept: letters with marks, emoji with their variation selectors.
  const plain = "e\u0301 ❤\ufe0f 日本";
  const name = `${odd}${plain}`;
  const image = { id: ID, name, status: "active", [`k${odd}`]: name, tags: [name] };
  const responses = {
    "image-list": () => Response.json({ images: [image] }),
    [`image-show ${ID}`]: () => Response.json(image),
    "image-show none": () => new Response(name, { status: 409 }),
  };
  for (const [line, respond] of Object.entries(responses)) {
    for (const json of [[], ["--json"]]) {
      const fetch = () => Promise.resolve(respond());
      const { stdout, stderr } = await new CliHarness().run([...line.split(" "), ...json], {
        fetch,
      });
      for (const output of [stdout, stderr]) {
        const found = /(?!\n)[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufff9-\ufffb]|(?!\ufe0f)\p{DI}/u.exec(
          output,
        );
        assertEquals([line, json, found?.[0].codePointAt(0)], [line, json, undefined]);
      }
      if (stdout !== "") assertStringIncludes(stdout, plain);
      if (json.length === 0 || stdout === "") continue;
      const read = JSON.parse(stdout);
      assertEquals((Array.isArray(read) ? read[0] : read).name, name);
    }
  }
});

Deno.test("image-list escapes control characters of names", async () => {
  const harness = new CliHarness();
  const fetch = () =>
    Promise.resolve(
      Response.json({ images: [{ id: ID, name: "\x1b[2J\u202eevil\nname", status: "active" }] }),
    );
  const { stdout } = await harness.run(["image-list"], { fetch });
  assertStringIncludes(stdout, "| \\x1b[2J\\u202eevil |");
  assertStringIncludes(stdout, "|                                      | name              |");
});
