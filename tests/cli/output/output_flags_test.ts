import { assertEquals, assertMatch } from "@std/assert";
import { CliHarness } from "../harness.ts";

const ID = "11111111-1111-4111-8111-111111111111";

async function harnessWithImage(): Promise<CliHarness> {
  const harness = new CliHarness();
  const raw = ["--disk-format", "raw", "--container-format", "bare"];
  await harness.run(["image-create", "--id", ID, "--name", "a b", ...raw]);
  return harness;
}

Deno.test("--format and --column choose how every table is printed", async (t) => {
  const harness = await harnessWithImage();
  const cases: readonly (readonly [string, string])[] = [
    ["image-list -f value", `${ID} a b\n`],
    ["image-list -fvalue -c name", "a b\n"],
    ["-f value -c ID image-list", `${ID}\n`],
    ["image-list -f csv -c id -c Status", `"ID","Status"\n"${ID}","queued"\n`],
    ["image-list --format yaml", `- ID: "${ID}"\n  Name: a b\n`],
    ["image-list -f json", `[\n  {\n    "ID": "${ID}",\n    "Name": "a b"\n  }\n]\n`],
    ["image-list -f value --name nothing", ""],
    ["image-list -f json --name nothing", "[]\n"],
    [`image-show ${ID} -f value -c id -c size`, `${ID}\nNone\n`],
    [`image-show ${ID} -f json -c min_ram`, '{\n  "min_ram": 0\n}\n'],
    [`image-show ${ID} -f yaml -c visibility -c name`, "name: a b\nvisibility: shared\n"],
    [
      `image-show ${ID} -c name`,
      "+----------+-------+\n| Property | Value |\n+----------+-------+\n| name     | a b   |\n+----------+-------+\n",
    ],
    [`member-list --image-id ${ID} -f csv`, '"Image ID","Member ID","Status"\n'],
  ];
  for (const [line, expected] of cases) {
    await t.step(line, async () => {
      const { code, stdout, stderr } = await harness.run(line.split(" "));
      assertEquals([code, stdout, stderr], [0, expected, ""]);
    });
  }
});

Deno.test("--format csv keeps line breaks, and escapes other control characters on a terminal only", async () => {
  const harness = new CliHarness();
  await harness.run(["image-create", "--name", "a\nb\x1b[31m"]);
  const list = ["image-list", "-f", "csv", "-c", "name"];
  const { stdout } = await harness.run(list);
  assertEquals(stdout, '"Name"\n"a\nb\x1b[31m"\n');
  const shown = await harness.run(list, { isTerminal: true });
  assertEquals(shown.stdout, '"Name"\n"a\nb\\x1b[31m"\n');
});

Deno.test("--column names the columns that exist, and --json excludes both flags", async () => {
  const harness = await harnessWithImage();
  const unknown = await harness.run(["image-list", "-c", "Nmae"]);
  assertEquals(unknown.code, 2);
  assertMatch(unknown.stderr, /^Cannot show the column "Nmae": the columns are ID, Name, /);
  for (const flag of [["-f", "yaml"], ["-c", "id"]]) {
    const { code, stderr } = await harness.run(["image-list", "--json", ...flag]);
    assertEquals(code, 2);
    assertMatch(stderr, /^Cannot use --json together with --format or --column/);
  }
  const { code, stderr } = await harness.run(["image-list", "-f", "xml"]);
  assertEquals([code, stderr.includes('"table", "json", "yaml", "csv", or "value"')], [2, true]);
});

Deno.test("image-list filters by --name, --status and --id", async () => {
  const harness = await harnessWithImage();
  const other = "22222222-2222-4222-8222-222222222222";
  await harness.run(["image-create", "--id", other, "--name", "in:a"]);
  const ids = async (...flags: string[]) =>
    (await harness.run(["image-list", "-f", "value", "-c", "id", ...flags])).stdout.trim();
  assertEquals(await ids("--name", "a b"), ID);
  assertEquals(await ids("--name", "in:a"), other);
  assertEquals(await ids("--id", other), other);
  assertEquals((await ids("--id", other, "--id", ID)).split("\n").toSorted(), [ID, other]);
  assertEquals(await ids("--status", "active"), "");
  assertEquals((await ids("--status", "queued")).split("\n").length, 2);
});
