/** The bundled files: whether they are current, and their size. */
import { assert, assertEquals } from "@std/assert";
import { createImageRouter } from "../../../lib/router/mod.ts";
import { buildPage } from "../bundle.ts";

/** Limit of all files that the page consists of, compressed, in bytes. */
const LIMIT = 45_000;

/** The files of the page, by their names without a hash, as they are sent. */
async function sentFiles(encoding: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const router = createImageRouter({
    apiServers: ["http://glance.invalid"],
    fetch: () => Promise.resolve(new Response(null, { status: 401 })),
    page: true,
  });
  const headers = { "accept": "text/html", "accept-encoding": encoding };
  const page = await (await router.request("/", { headers })).text();
  const files = new Map<string, Uint8Array>();
  for (
    const [, path = "", name = "", ending = ""] of page.matchAll(/"(page\/(\w+)-\w+(\.\w+))"/g)
  ) {
    files.set(name + ending, await (await router.request(`/${path}`, { headers })).bytes());
  }
  return files;
}

Deno.test("pageResponse() sends what `deno task page` makes of the current sources", async () => {
  const served = await sentFiles("identity");
  const built = await buildPage();
  assertEquals([...served.keys()].sort(), built.map(({ name }) => name).sort());
  for (const { name, text } of built) {
    const isCurrent = new TextDecoder().decode(served.get(name)) === text;
    assert(isCurrent, `${name} is not current; run "deno task page"`);
  }
});

Deno.test("pageResponse() sends at most 45 kB for the whole page", async () => {
  const sizes = [...await sentFiles("gzip")].map(([name, bytes]) =>
    [name, bytes.byteLength] as const
  );
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  console.log(
    `the page: ${sizes.map(([name, size]) => `${name} ${size}`).join(", ")}, ${total} bytes`,
  );
  assert(total <= LIMIT, `${total} bytes`);
});
