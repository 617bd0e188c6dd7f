import { assertEquals, assertRejects } from "@std/assert";
import { replaceFile } from "../../../lib/cli/files/replace_file.ts";
import { denoFiles } from "../../../lib/cli/system/deno_files.ts";
import { nodeFiles } from "../../../lib/cli/system/node_files.ts";
import type { SystemFiles } from "../../../lib/cli/system/system.ts";
import { inDirectory } from "../../support/directory.ts";

const BYTES = new TextEncoder().encode("0123456789");

async function textOf(files: SystemFiles, path: string): Promise<string> {
  return await new Response(await files.read(path)).text();
}

Deno.test("nodeFiles writes, reads, truncates and renames as denoFiles does", async () => {
  for (const files of [nodeFiles, denoFiles]) {
    await inDirectory(async (directory) => {
      const path = `${directory}/a`;
      const file = await files.open(path);
      await file.write(BYTES);
      await file.sync();
      await file.truncate(4);
      await file.write(BYTES.subarray(8));
      assertEquals([await file.isAt(path), await file.size()], [true, 6]);
      file.close();
      assertEquals(await textOf(files, path), "012389");
      const again = await files.open(path);
      assertEquals([await again.size(), await again.read(3)], [6, BYTES.slice(0, 3)]);
      await again.truncate(1);
      await again.write(BYTES.subarray(9));
      assertEquals(await again.read(3), null);
      again.close();
      await files.rename(path, `${directory}/b`);
      assertEquals(await textOf(files, `${directory}/b`), "09");
      assertEquals(await files.stat(path), null);
      const { mode } = await Deno.stat(`${directory}/b`);
      const facts = { kind: "file", size: 2 } as const;
      assertEquals(await files.stat(`${directory}/b`), { ...facts, mode: mode! & 0o777 });
      await files.remove(`${directory}/b`);
      await files.remove(`${directory}/b`);
    });
  }
});

Deno.test("deviceSize() returns the number of bytes that can be read", async () => {
  for (const files of [nodeFiles, denoFiles]) {
    await inDirectory(async (directory) => {
      for (const size of [0, 1, 2, 3, 512, 300_001]) {
        await Deno.writeFile(`${directory}/a`, new Uint8Array(size));
        assertEquals(await files.deviceSize(`${directory}/a`), size);
      }
    });
  }
});

Deno.test("nodeFiles and denoFiles distinguish devices, pipes and files", async () => {
  for (const files of [nodeFiles, denoFiles]) {
    await inDirectory(async (directory) => {
      await new Deno.Command("mkfifo", { args: [`${directory}/pipe`] }).output();
      const paths = ["/dev/null", `${directory}/pipe`, directory];
      const facts = await Promise.all(paths.map((path) => files.stat(path)));
      assertEquals(facts.map((fact) => fact?.kind), ["character device", "pipe", "directory"]);
    });
  }
});

Deno.test("replaceFile() keeps the permissions of the file", async () => {
  for (const files of [nodeFiles, denoFiles]) {
    await inDirectory(async (directory) => {
      const path = `${directory}/a`;
      for (const mode of [0o600, 0o444, 0o666]) {
        await Deno.writeTextFile(path, "old");
        await Deno.chmod(path, mode);
        await replaceFile(files, path, "new");
        assertEquals((await Deno.stat(path)).mode! & 0o777, mode);
        assertEquals(await textOf(files, path), "new");
        await Deno.remove(path);
      }
    });
  }
});

Deno.test("nodeFiles and denoFiles lock a file against each other", async () => {
  for (const [first, second] of [[nodeFiles, denoFiles], [denoFiles, nodeFiles]] as const) {
    await inDirectory(async (directory) => {
      const path = `${directory}/a`;
      const file = await first.open(path);
      const { code } = await assertRejects(() => second.open(path)) as Error & { code: string };
      assertEquals(code, "EWOULDBLOCK");
      file.close();
      // The file is closed in another turn.
      await new Promise((resolve) => setTimeout(resolve, 0));
      (await second.open(path)).close();
    });
  }
});

Deno.test("nodeFiles refuses a link, and a file that others can write to", async () => {
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/target`, "text");
    await Deno.symlink(`${directory}/target`, `${directory}/link`);
    await assertRejects(() => nodeFiles.open(`${directory}/link`), Error, "a link");
    await Deno.chmod(`${directory}/target`, 0o666);
    await assertRejects(() => nodeFiles.create(`${directory}/target`), Error, "others can write");
    assertEquals(await Deno.readTextFile(`${directory}/target`), "text");
  });
});

Deno.test("nodeFiles rejects with the code of the operating system", async () => {
  await inDirectory(async (directory) => {
    const absent = `${directory}/absent`;
    for (const work of [() => nodeFiles.read(absent), () => nodeFiles.open(`${absent}/file`)]) {
      assertEquals((await assertRejects(work) as Error & { code?: string }).code, "ENOENT");
    }
  });
});
