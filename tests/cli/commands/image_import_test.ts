import { assertEquals, assertStringIncludes } from "@std/assert";
import { CliHarness, responding } from "../harness.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const METHODS = { "import-methods": { value: ["glance-direct", "web-download", "copy-image"] } };
const STORES = { stores: [{ id: "fast" }, { id: "slow" }] };
const IMAGE = { id: ID, status: "importing", os_glance_import_task: "t" };

/** A cloud with two stores that accepts every import. */
function cloud(info: Readonly<Record<string, unknown>> = METHODS): ReturnType<typeof responding> {
  return responding({
    "GET /v2/info/import": info,
    "GET /v2/info/stores": STORES,
    [`POST /v2/images/${ID}/import`]: null,
    [`GET /v2/images/${ID}`]: IMAGE,
  });
}

Deno.test("image-import requests the import and prints the image", async () => {
  const { harness, requests } = cloud();
  const flags = [
    "--import-method",
    "web-download",
    "--uri",
    "http://web/disk",
    "--stores",
    "fast,slow",
  ];
  const { code, stdout, stderr } = await harness.run(["image-import", ID, ...flags]);
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "| os_glance_import_task | t         ");
  const sent = requests.filter(({ method }) => method === "POST");
  assertEquals(sent.map(({ body }) => JSON.parse(body)), [{
    method: { name: "web-download", uri: "http://web/disk" },
    stores: ["fast", "slow"],
    all_stores_must_succeed: false,
  }]);
});

Deno.test("image-import imports the staged data when no method is given", async () => {
  const { harness, requests } = cloud();
  const { code, stdout } = await harness.run(["image-import", ID, "--json"]);
  assertEquals([code, JSON.parse(stdout)], [0, IMAGE]);
  const [sent] = requests.filter(({ method }) => method === "POST");
  assertEquals(JSON.parse(sent?.body ?? ""), { method: { name: "glance-direct" } });
});

Deno.test("image-import names what the cloud does not support, before any change", async (t) => {
  const cases: readonly (readonly [flags: string, code: number, says: string])[] = [
    [
      "--import-method glance-download --remote-region R --remote-image-id i",
      1,
      'Cannot import by "glance-download": this cloud offers "glance-direct", "web-download", "copy-image"; choose one of them with --import-method',
    ],
    [
      "--store moon",
      1,
      'Cannot use the store "moon": this cloud has "fast", "slow"; choose one of them',
    ],
    [
      "--stores fast,moon",
      1,
      'Cannot use the store "moon": this cloud has "fast", "slow"; choose one of them',
    ],
    [
      "--import-method web-download",
      2,
      'Cannot import by "web-download": --uri is missing; add it',
    ],
  ];
  for (const [flags, code, message] of cases) {
    await t.step(flags, async () => {
      const { harness, requests } = cloud();
      const outcome = await harness.run(["image-import", ID, ...flags.split(" ")]);
      assertEquals([outcome.code, outcome.stdout, outcome.stderr], [code, "", `${message}\n`]);
      assertEquals(requests.filter(({ method }) => method === "POST"), []);
    });
  }
});

Deno.test("image-import rejects a region that is not in the catalog, before any request", async () => {
  const endpoint = { region: "Here", interface: "public", url: "http://glance.test:9292" };
  const catalog = [{ type: "image", name: "glance", endpoints: [endpoint] }];
  const token = { catalog, expires_at: "2099-01-01T00:00:00Z", project: { id: "p" } };
  const requested: string[] = [];
  const harness = new CliHarness((request) => {
    const { pathname } = new URL(request.url);
    requested.push(pathname);
    const info = { "import-methods": { value: ["glance-download"] } };
    return Promise.resolve(
      pathname.startsWith("/v3/")
        ? Response.json({ token }, { status: 201, headers: { "x-subject-token": "t" } })
        : Response.json(info),
    );
  });
  const path = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(path, "{}");
  const environment = {
    ...{ OS_AUTH_URL: "http://keystone.test/v3", OS_USERNAME: "u", OS_PASSWORD: "p" },
    ...{ OS_PROJECT_NAME: "p", OS_DEFAULT_DOMAIN_ID: "default" },
    ...{ OS_CLIENT_CONFIG_FILE: path, OS_CLIENT_SECURE_FILE: path },
  };
  const flags = "--import-method glance-download --remote-region There --remote-image-id 1";
  const formats = "--disk-format raw --container-format bare";
  for (
    const line of [`image-import ${ID} ${flags}`, `image-create-via-import ${formats} ${flags}`]
  ) {
    const { code, stderr } = await harness.run(line.split(" "), { environment });
    assertEquals([code, stderr], [
      1,
      'Cannot import from the region "There": the catalog has an image service in "Here"; use one of these\n',
    ]);
  }
  assertEquals(new Set(requested), new Set(["/v3/auth/tokens", "/v2/info/import"]));
  await Deno.remove(path);
});

Deno.test("image-import requests no import when no data is staged", async () => {
  const { harness, requests } = responding({
    "GET /v2/info/import": METHODS,
    [`GET /v2/images/${ID}`]: { id: ID, status: "queued" },
  });
  const { code, stderr } = await harness.run(["image-import", ID]);
  assertEquals([code, stderr], [
    1,
    `Cannot import image "${ID}": no data is staged for it; stage data with "glance-edge image-stage ${ID}", or choose another method with --import-method\n`,
  ]);
  assertEquals(requests.filter(({ method }) => method === "POST"), []);
});
