/** `createFile()`, and `makeDirectory()` on the file system of the runtime, and where Node 20 never returns. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as fs from "node:fs/promises";
import { createFile, makeDirectory } from "../lib/node_builtin.ts";

Deno.test("makeDirectory() creates a directory and those above it, also several times at once", async () => {
  const root = await Deno.makeTempDir();
  for (const path of ["a", "a", "b/c/d", "b/c/d/", "b//e"]) {
    await makeDirectory(fs, `${root}/${path}`);
    assert((await Deno.stat(`${root}/${path}`)).isDirectory);
  }
  await Promise.all(Array.from({ length: 20 }, () => makeDirectory(fs, `${root}/f/g/h/i`)));
  assert((await Deno.stat(`${root}/f/g/h/i`)).isDirectory);
  await Deno.remove(root, { recursive: true });
});

Deno.test("createFile() writes all bytes of a new file, and rejects for one that exists", async () => {
  const root = await Deno.makeTempDir();
  const file = await createFile(`${root}/file`);
  for (const text of ["one ", "", "two"]) await file.write(new TextEncoder().encode(text));
  await file.sync();
  await file.close();
  await assertRejects(() => file.close(), Error);
  assertEquals(await Deno.readTextFile(`${root}/file`), "one two");
  const error = await assertRejects(() => createFile(`${root}/file`), Error);
  assertEquals((error as { code?: string }).code, "EEXIST");
  await Deno.remove(root, { recursive: true });
});

Deno.test("makeDirectory() rejects if a file has the place of a directory", async () => {
  const root = await Deno.makeTempDir();
  await Deno.writeTextFile(`${root}/file`, "");
  assertEquals(
    (await assertRejects(() => makeDirectory(fs, `${root}/file`), Error) as { code?: string }).code,
    "EEXIST",
  );
  assertEquals(
    (await assertRejects(() => makeDirectory(fs, `${root}/file/a`), Error) as { code?: string })
      .code,
    "ENOTDIR",
  );
  await Deno.remove(root, { recursive: true });
});

Deno.test("makeDirectory() rejects where the system does not find what it shall create, as below /proc", async () => {
  const calls: string[] = [];
  const proc = {
    mkdir(path: string, options?: { recursive: true }) {
      calls.push(path);
      const code = path === "/proc" ? "EEXIST" : "ENOENT";
      // Node 20 tries this again without an end.
      if (options?.recursive && path !== "/proc") throw new Error("never returns");
      return options?.recursive
        ? Promise.resolve()
        : Promise.reject(Object.assign(new Error(code), { code }));
    },
  };
  for (const [path, count] of [["/proc/x", 5], ["/proc/x/y", 6]] as const) {
    const error = await assertRejects(() => makeDirectory(proc, path), Error);
    assertEquals(error.message, "ENOENT");
    assertEquals(calls.splice(0).length, count);
  }
});
