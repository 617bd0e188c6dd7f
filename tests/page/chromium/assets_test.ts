/** The bundled files: whether they are current, and their size. */
import { assert, assertEquals } from "@std/assert";
import { pageResponse } from "../../../lib/page/mod.ts";
import { buildPage } from "../bundle.ts";

/** Limit of all files that the page consists of, compressed, in bytes. */
const LIMIT = 45_000;

/** The files of the page, by their names without a hash, as they are sent. */
async function sentFiles(encoding: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const respond = async (path: string, isFile: boolean) => {
    const request = new Request(`http://gw${path}`, { headers: { "accept-encoding": encoding } });
    const refuse = () => new Response(null, { status: 401 });
    const response = await pageResponse(request, path, isFile ? null : refuse, () => () => {});
    return await response?.bytes() ?? new Uint8Array();
  };
  const page = new TextDecoder().decode(await respond("/", false));
  const addresses = page.matchAll(/"page\/((\w+)-\w+(\.\w+))"/g);
  const files = new Map<string, Uint8Array>();
  for (const [, address = "", name = "", ending = ""] of addresses) {
    files.set(name + ending, await respond(`/page/${address}`, true));
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
