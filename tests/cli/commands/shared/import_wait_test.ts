/** `--wait` of imports. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Interrupted } from "../../../../lib/cli/system/errors.ts";
import { CliHarness, embedded, type Fetch } from "../../harness.ts";
import { MemoryFiles } from "../../memory_files.ts";

const ID = "11111111-1111-4111-8111-111111111111";

/** The states of the image, one per request; the last one repeats. */
type States = readonly Readonly<Record<string, unknown>>[];

const LOCKED = { status: "importing", os_glance_import_task: "t" };

/** A cloud that accepts an import and shows its progress in the image and its tasks. */
function importing(
  states: States,
  tasks: readonly unknown[] = [],
  onLook = (_looks: number) => {},
): Fetch {
  const left = [...states];
  let count = 0;
  return (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/v2/info/import") {
      return respond({ "import-methods": { value: ["web-download", "copy-image"] } });
    }
    if (pathname === "/v2/info/stores") {
      return respond({ stores: [{ id: "fast" }, { id: "slow" }] });
    }
    if (pathname.endsWith("/tasks")) return respond({ tasks });
    if (request.method === "POST") return Promise.resolve(new Response(null, { status: 202 }));
    onLook(++count);
    const state = left.length > 1 ? left.shift() : left[0];
    return respond({ id: ID, ...state });
  };
}

function respond(value: unknown): Promise<Response> {
  return Promise.resolve(Response.json(value));
}

const LINE = `image-import ${ID} --import-method web-download --uri http://web/disk --wait`;

Deno.test("--wait ends with the import, and prints the final image", async () => {
  const fetch = importing([
    { ...LOCKED, os_glance_importing_to_stores: "fast,slow" },
    { ...LOCKED, os_glance_importing_to_stores: "slow" },
    { status: "active", size: 3 },
  ]);
  const { code, stdout, stderr } = await new CliHarness(fetch).run(LINE.split(" "));
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "| status   | active ");
});

Deno.test("--wait shows the state of the import on a terminal", async () => {
  const tasks = [{ id: "t", status: "processing", message: "Copied 1 MiB" }];
  const state = { ...LOCKED, os_glance_importing_to_stores: "fast,slow" };
  const task = { id: "t", status: "success", message: "Copied 3 MiB" };
  const fetch = importing([state, state, { status: "active" }], tasks, (polls) => {
    if (polls === 3) tasks[0] = task;
  });
  const line = LINE.split(" ");
  const { code, stderr } = await new CliHarness(fetch).run(line, { isTerminal: true });
  assertEquals(code, 0);
  assertStringIncludes(stderr, "importing  to fast, slow  Copied 1 MiB");
  assertEquals(stderr.endsWith("active  Copied 3 MiB\n"), true, stderr);
});

Deno.test("--wait prints that the import continues when it is interrupted", async () => {
  const ended = new AbortController();
  const fetch = importing([LOCKED], [], (polls) => {
    if (polls === 3) ended.abort(new Interrupted("SIGINT"));
  });
  const { signal } = ended;
  const { code, stdout, stderr } = await new CliHarness(fetch).run(LINE.split(" "), { signal });
  assertEquals([code, stdout, stderr], [
    130,
    "",
    `The import of image "${ID}" continues; see "glance-edge image-tasks ${ID}"\n`,
  ]);
});

Deno.test("--wait fails with the cause when the import has failed", async () => {
  const tasks = [{ id: "t", status: "failure", message: "the web is down" }];
  const fetch = importing([LOCKED, { status: "queued" }], tasks);
  const { code, stdout, stderr } = await new CliHarness(fetch).run(LINE.split(" "));
  assertEquals([code, stdout, stderr], [
    1,
    "",
    `Cannot import image "${ID}": it is queued, "the web is down"; import it again, or upload its data\n`,
  ]);
});

Deno.test("--wait succeeds when an import has reached some of its stores, and names the others", async () => {
  const line = `${LINE} --stores fast,slow`;
  const states = [LOCKED, { status: "active", stores: "fast", os_glance_failed_import: "slow" }];
  const { code, stderr } = await new CliHarness(importing(states)).run(line.split(" "));
  assertEquals([code, stderr], [
    0,
    `Image "${ID}" is not in "slow": Glance could not write to it\n`,
  ]);
  const strict = `${line} --allow-failure False`;
  const failed = await new CliHarness(importing(states)).run(strict.split(" "));
  assertEquals(failed.code, 1);
  assertStringIncludes(failed.stderr, 'it is active, failed for "slow"');
});

Deno.test("image-create-via-import --wait prints the image when it is active", async () => {
  const files = new MemoryFiles({ "disk.img": "the bytes of a disk" });
  const line =
    `image-create-via-import --id ${ID} --disk-format raw --container-format bare --file disk.img --wait`;
  const { code, stdout, stderr } = await new CliHarness().run(line.split(" "), { files });
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "| status                        | active ");
});

Deno.test("image-create-via-import --wait fails when the image has other bytes than were staged", async () => {
  const files = new MemoryFiles({ "disk.img": "the bytes of a disk" });
  const glance = embedded();
  const harness = new CliHarness(async (request) => {
    const response = await glance(request);
    const isImage = request.method === "GET" && request.url.endsWith(ID);
    if (!isImage) return response;
    return Response.json({ ...await response.json(), os_hash_value: "ff" });
  });
  const line =
    `image-create-via-import --id ${ID} --disk-format raw --container-format bare --file disk.img --wait`;
  const { code, stderr } = await harness.run(line.split(" "), { files });
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    `Cannot accept the import of image "${ID}": Glance stored sha512 ff`,
  );
});
