/** The files of the command line, on operations that fail or belong to other users. */
import { assertEquals, assertRejects } from "@std/assert";
import type { FileOperations, PathInfo } from "../../../lib/cli/system/file_operations.ts";
import { filesOf } from "../../../lib/cli/system/file_system.ts";
import { denoFiles } from "../../../lib/cli/system/deno_files.ts";
import { inDirectory } from "../../support/directory.ts";

/** The operations of Deno, with others in place of some. */
function operations(others: Partial<FileOperations>): FileOperations {
  return {
    open: (path, options) => Deno.open(path, options),
    stat: (path) => Deno.stat(path),
    lstat: (path) => Deno.lstat(path),
    realPath: (path) => Deno.realPath(path),
    readLink: (path) => Deno.readLink(path),
    rename: (from, to) => Deno.rename(from, to),
    remove: (path) => Deno.remove(path),
    chmod: (path, mode) => Deno.chmod(path, mode),
    lchown: () => Promise.resolve(),
    ...others,
  };
}

function failure(code: string): () => Promise<never> {
  return () => Promise.reject(Object.assign(new Error(code), { code }));
}

Deno.test("open() leaves no file when its permissions cannot be set", async () => {
  await inDirectory(async (directory) => {
    const files = filesOf(operations({ chmod: failure("EPERM") }));
    await assertRejects(() => files.open(`${directory}/a`, 0o660), Error, "EPERM");
    assertEquals([...Deno.readDirSync(directory)], []);
    await Deno.writeTextFile(`${directory}/a`, "text", { mode: 0o600 });
    await assertRejects(() => files.open(`${directory}/a`, 0o660), Error, "EPERM");
    assertEquals(await Deno.readTextFile(`${directory}/a`), "text");
  });
});

Deno.test("open() accepts a file again when a rename to a file that others can write to has failed", async () => {
  await inDirectory(async (directory) => {
    const [from, to] = [`${directory}/from`, `${directory}/to`];
    await Deno.writeTextFile(from, "new", { mode: 0o600 });
    await Deno.writeTextFile(to, "old");
    await Deno.chmod(to, 0o666);
    const files = filesOf(operations({ rename: failure("EBUSY") }));
    await assertRejects(() => files.rename(from, to), Error, "EBUSY");
    (await files.open(from)).close();
    await denoFiles.rename(from, to);
    const { mode } = await Deno.stat(to);
    assertEquals([await Deno.readTextFile(to), mode! & 0o777], ["new", 0o666]);
  });
});

Deno.test("rename() gives the file the owner and the group of the file that it replaces", async () => {
  await inDirectory(async (directory) => {
    const [from, to] = [`${directory}/from`, `${directory}/to`];
    const owners: [string, number, number][] = [];
    const lstat = async (path: string): Promise<PathInfo> => {
      const info = await Deno.lstat(path);
      return path === to ? { ...info, uid: 1234, gid: 1235 } : info;
    };
    for (const isAllowed of [true, false]) {
      const files = filesOf(operations({
        lstat,
        lchown(path, uid, gid) {
          owners.push([path, uid, gid]);
          return isAllowed ? Promise.resolve() : failure("EPERM")();
        },
      }));
      await Deno.writeTextFile(from, "new");
      await files.rename(from, to);
      assertEquals(owners.splice(0), []);
      await Deno.writeTextFile(from, "newer");
      await files.rename(from, to);
      assertEquals(owners.splice(0), [[to, -1, 1235], [to, 1234, -1]]);
      assertEquals(await Deno.readTextFile(to), "newer");
      await Deno.remove(to);
    }
  });
});

Deno.test("remove() does not remove a directory", async () => {
  await inDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/a`);
    await assertRejects(() => denoFiles.remove(`${directory}/a`), Error, "is a directory");
    assertEquals([...Deno.readDirSync(directory)].length, 1);
  });
});

Deno.test("targetOf() resolves the directory of a link, so that .. leaves the right one", async () => {
  await inDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/a/b`, { recursive: true });
    await Deno.symlink("a/b", `${directory}/alias`);
    await Deno.symlink("../new", `${directory}/a/b/link`);
    // Deno removes `alias/..` from a path unless a program has all permissions.
    const target = `${await Deno.realPath(directory)}/a/b/../new`;
    assertEquals(await denoFiles.targetOf(`${directory}/alias/link`), target);
    assertEquals(await denoFiles.targetOf(target), target);
  });
});
