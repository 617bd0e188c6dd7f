import { assert, assertEquals, assertRejects } from "@std/assert";
import { denoFiles } from "../../lib/cli/deno_files.ts";
import { downloadToFile } from "../../lib/cli/download_file.ts";
import { CommandFailed } from "../../lib/cli/failure.ts";

const BYTES = new TextEncoder().encode("the bytes of a disk");

/** A directory for one test. */
async function inDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function fill(sink: WritableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
  const writer = sink.getWriter();
  await writer.write(BYTES);
  await writer.close();
}

function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

Deno.test("A download replaces a file when it is whole, and not before", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/disk.img`;
    await Deno.writeTextFile(path, "old");
    await downloadToFile(denoFiles, path, async (sink) => {
      assertEquals(namesIn(directory), ["disk.img", "disk.img.part"]);
      await fill(sink);
      assertEquals(await Deno.readTextFile(path), "old");
    });
    assertEquals(await Deno.readFile(path), BYTES);
    assertEquals(namesIn(directory), ["disk.img"]);
  });
});

Deno.test("A download through a link replaces what it leads to", async () => {
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/real.img`, "old");
    await Deno.symlink("real.img", `${directory}/link.img`);
    await downloadToFile(denoFiles, `${directory}/link.img`, fill);
    assertEquals(namesIn(directory), ["link.img", "real.img"]);
    assert((await Deno.lstat(`${directory}/link.img`)).isSymlink);
    assertEquals(await Deno.readFile(`${directory}/real.img`), BYTES);
  });
});

Deno.test("A part that a killed process left behind is started anew", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/disk.img`;
    await Deno.writeTextFile(`${path}.part`, "much more than the image has, from another time");
    await downloadToFile(denoFiles, path, fill);
    assertEquals(await Deno.readFile(path), BYTES);
  });
});

Deno.test("Two downloads do not write to the same part", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/disk.img`;
    await downloadToFile(denoFiles, path, async (sink) => {
      const second = downloadToFile(denoFiles, path, fill);
      const { message } = await assertRejects(() => second, CommandFailed);
      assert(message.includes("another download is writing to it"), message);
      await fill(sink);
    });
    assertEquals(await Deno.readFile(path), BYTES);
  });
});

Deno.test("A download into a device leaves it a device", async () => {
  await downloadToFile(denoFiles, "/dev/null", fill);
  assert((await Deno.stat("/dev/null")).isCharDevice);
});

Deno.test("A download that fails leaves nothing, and says why", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/disk.img`;
    const broken = () => Promise.reject(new CommandFailed("the reason"));
    await assertRejects(() => downloadToFile(denoFiles, path, broken), CommandFailed, "the reason");
    assertEquals(namesIn(directory), []);
    const cases = [
      [`${directory}/absent/disk.img`, "there is no such file or directory"],
      [directory, "it is a directory"],
      [`${directory}/${"n".repeat(300)}`, "the name is too long"],
      ["/dev/full", "no space is left on the device"],
    ] as const;
    for (const [bad, state] of cases) {
      const { message } = await assertRejects(() => downloadToFile(denoFiles, bad, fill));
      assert(message.includes(state), message);
    }
    assertEquals(namesIn(directory), []);
  });
});
