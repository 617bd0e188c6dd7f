import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { denoFiles } from "../../../lib/cli/system/deno_files.ts";
import { downloadToFile, type Transfer } from "../../../lib/cli/files/download_target.ts";
import { CommandFailed } from "../../../lib/cli/system/errors.ts";
import { fileError } from "../../../lib/cli/system/fs_errors.ts";
import type { ContentDescriptor } from "../../../lib/transfer/integrity/descriptor.ts";
import { nodeFiles } from "../../../lib/cli/system/node_files.ts";
import type { SystemFiles } from "../../../lib/cli/system/system.ts";
import { ImageIntegrityError } from "../../../lib/errors.ts";
import { inDirectory } from "../../support/directory.ts";

const BYTES = new TextEncoder().encode("the bytes of a disk");

const IDENTITY: ContentDescriptor = {
  imageId: "11111111-1111-4111-8111-111111111111",
  size: BYTES.byteLength,
  hashAlgorithm: null,
  hashValue: null,
  checksum: "a6421c91f1f1055fe6958937d8699675",
};

async function fill(sink: WritableStream<Uint8Array<ArrayBuffer>>, start: number): Promise<void> {
  const writer = sink.getWriter();
  await writer.write(BYTES.subarray(start));
  await writer.close();
}

/** A download of the bytes to a path. */
function download(
  path: string,
  transfer: Transfer = fill,
  files: SystemFiles = denoFiles,
  now: () => number = () => 0,
): Promise<void> {
  return downloadToFile({
    files,
    path,
    now,
    signal: new AbortController().signal,
    verify: "auto",
    restart: false,
    identify: () => Promise.resolve(IDENTITY),
    transfer,
    onMessage() {},
    onCheck() {},
  });
}

function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

Deno.test("image-download replaces a file only when the download is complete", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/disk.img`;
    await Deno.writeTextFile(path, "old");
    await download(path, async (sink) => {
      assertEquals(namesIn(directory), ["disk.img", "disk.img.part", "disk.img.part.json"]);
      await fill(sink, 0);
      assertEquals(await Deno.readTextFile(path), "old");
    });
    assertEquals(await Deno.readFile(path), BYTES);
    assertEquals(namesIn(directory), ["disk.img"]);
  });
});

Deno.test("image-download replaces the target of a link", async () => {
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/real.img`, "old");
    await Deno.symlink("real.img", `${directory}/link.img`);
    await download(`${directory}/link.img`, fill);
    assertEquals(namesIn(directory), ["link.img", "real.img"]);
    assert((await Deno.lstat(`${directory}/link.img`)).isSymlink);
    assertEquals(await Deno.readFile(`${directory}/real.img`), BYTES);
  });
});

Deno.test("image-download creates the target of a link", async () => {
  for (const files of [denoFiles, nodeFiles]) {
    await inDirectory(async (directory) => {
      await Deno.mkdir(`${directory}/a/b`, { recursive: true });
      // `alias/..` is `a`, not the directory of `alias`.
      await Deno.symlink("a/b", `${directory}/alias`);
      await Deno.symlink("../new.img", `${directory}/a/b/second.img`);
      await Deno.symlink("alias/second.img", `${directory}/first.img`);
      await Deno.symlink(`${directory}/alias/second.img`, `${directory}/absolute.img`);
      for (const name of ["first.img", "absolute.img"]) {
        await download(`${directory}/${name}`, fill, files);
        assertEquals(await Deno.readFile(`${directory}/a/new.img`), BYTES);
        await Deno.remove(`${directory}/a/new.img`);
      }
      assertEquals(namesIn(directory), ["a", "absolute.img", "alias", "first.img"]);
      assertEquals(namesIn(`${directory}/a/b`), ["second.img"]);
      await Deno.symlink("absent/disk.img", `${directory}/lost.img`);
      const lost = download(`${directory}/lost.img`, fill, files);
      await assertRejects(() => lost, CommandFailed, "no such file or directory");
      assert((await Deno.lstat(`${directory}/lost.img`)).isSymlink);
    });
  }
});

Deno.test("image-download writes a file with the longest name, and resumes it", async () => {
  // The first ones have the same beginning.
  const names = [`${"n".repeat(251)}.raw`, `${"n".repeat(251)}.img`, `${"é".repeat(127)}x`];
  await inDirectory(async (directory) => {
    const breaks: Transfer = async (sink) => {
      await sink.getWriter().write(BYTES.subarray(0, 7));
      throw new CommandFailed("the reason");
    };
    for (const name of names) {
      await assertRejects(() => download(`${directory}/${name}`, breaks), Error, "the reason");
    }
    assertEquals(namesIn(directory).length, 2 * names.length);
    for (const name of names) {
      const starts: number[] = [];
      await download(`${directory}/${name}`, (sink, start) => {
        starts.push(start);
        return fill(sink, start);
      });
      assertEquals(starts, [7]);
    }
    assertEquals(namesIn(directory), names.sort());
  });
});

Deno.test("image-download keeps the permissions of the file that it replaces", async (t) => {
  const modeOf = async (path: string) => (await Deno.stat(path)).mode! & 0o777;
  const broken: Transfer = async (sink) => {
    await sink.getWriter().write(BYTES.subarray(0, 7));
    throw new CommandFailed("the reason");
  };
  const systems = { Deno: denoFiles, Node: nodeFiles };
  for (const [name, files] of Object.entries(systems)) {
    for (const mode of [0o600, 0o640, 0o666, 0o400]) {
      await t.step(`${mode.toString(8)} on ${name}`, async () => {
        await inDirectory(async (directory) => {
          const path = `${directory}/disk.img`;
          // A partial download that started before there was a file to replace.
          await assertRejects(() => download(path, broken, files), CommandFailed);
          await Deno.writeTextFile(path, "old");
          await Deno.chmod(path, mode);
          const modes: number[] = [];
          const transfer: Transfer = async (sink, start) => {
            modes.push(await modeOf(`${path}.part`));
            await fill(sink, start);
          };
          await download(path, transfer, files);
          await download(path, transfer, files);
          // Others cannot write to a partial file, and its owner can.
          const partial = mode & 0o775 | 0o600;
          assertEquals([...modes, await modeOf(path)], [partial, partial, mode]);
          assertEquals(await Deno.readFile(path), BYTES);
        });
      });
    }
  }
});

Deno.test("image-download keeps a partial file when it breaks, and continues after it", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/disk.img`;
    const broken = async (sink: WritableStream<Uint8Array<ArrayBuffer>>) => {
      const writer = sink.getWriter();
      await writer.write(BYTES.subarray(0, 7));
      throw new CommandFailed("the reason");
    };
    await assertRejects(() => download(path, broken), CommandFailed, "the reason");
    assertEquals(namesIn(directory), ["disk.img.part", "disk.img.part.json"]);
    const starts: number[] = [];
    await download(path, (sink, start) => {
      starts.push(start);
      return fill(sink, start);
    });
    assertEquals(starts, [7]);
    assertEquals(await Deno.readFile(path), BYTES);
    assertEquals(namesIn(directory), ["disk.img"]);
  });
});

Deno.test("image-download fails when another download writes the partial file", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/disk.img`;
    await download(path, async (sink) => {
      const second = download(path, fill);
      const { message } = await assertRejects(() => second, CommandFailed);
      assertStringIncludes(message, "another download is writing to it");
      await fill(sink, 0);
    });
    assertEquals(await Deno.readFile(path), BYTES);
  });
});

Deno.test("image-download writes into a device", async () => {
  await download("/dev/null", fill);
  assert((await Deno.stat("/dev/null")).isCharDevice);
});

Deno.test("image-download leaves no file when it fails before the first byte", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/disk.img`;
    const broken = () => Promise.reject(new CommandFailed("the reason"));
    await assertRejects(() => download(path, broken), CommandFailed, "the reason");
    assertEquals(namesIn(directory), []);
    const cases = [
      [`${directory}/absent/`, "it is a directory"],
      [`${directory}/absent/disk.img`, "no such file or directory"],
      [directory, "it is a directory"],
      [`${directory}/${"n".repeat(300)}`, "the name is too long"],
      ["/dev/full", "no space left on the device"],
    ] as const;
    for (const [bad, state] of cases) {
      const { message } = await assertRejects(() => download(bad, fill));
      assert(message.includes(state), message);
    }
    assertEquals(namesIn(directory), []);
  });
});

Deno.test("image-download leaves no partial file when the record of an earlier one cannot be read", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/disk.img`;
    const stat: SystemFiles["stat"] = (path) =>
      path.endsWith(".json")
        ? Promise.reject(Object.assign(new Error("denied"), { code: "EACCES" }))
        : denoFiles.stat(path);
    const unreadable = { ...denoFiles, stat };
    await assertRejects(() => download(path, fill, unreadable), CommandFailed, "denied");
    assertEquals(namesIn(directory), []);
    await Deno.writeTextFile(`${path}.part`, "the");
    await assertRejects(() => download(path, fill, unreadable), CommandFailed, "denied");
    assertEquals(await Deno.readTextFile(`${path}.part`), "the");
  });
});

/** Creates something other than a regular file at `path`, the target of a download. */
const IN_PLACE: Readonly<Record<string, (path: string, victim: string) => Promise<unknown>>> = {
  "a link to a file": (path, victim) => Deno.symlink(victim, path),
  "a link to nothing": (path) => Deno.symlink(`${path}.nothing`, path),
  "a second name of a file": (path, victim) => Deno.link(victim, path),
  "a pipe": (path) => new Deno.Command("mkfifo", { args: [path] }).output(),
  "a link to a device": (path) => Deno.symlink("/dev/null", path),
  "a directory": (path) => Deno.mkdir(path),
  "a file that everyone can write to": async (path) => {
    await Deno.writeTextFile(path, "");
    await Deno.chmod(path, 0o666);
  },
};

for (const suffix of ["part", "part.json.new"]) {
  for (const [what, make] of Object.entries(IN_PLACE)) {
    Deno.test(`downloadToFile() writes nothing to ${what} in place of FILE.${suffix}`, async () => {
      await inDirectory(async (directory) => {
        const [path, victim] = [`${directory}/disk.img`, `${directory}/victim`];
        await Deno.writeTextFile(victim, "precious");
        await make(`${path}.${suffix}`, victim);
        const before = namesIn(directory);
        await assertRejects(() => download(path), CommandFailed, "Cannot write");
        assertEquals(await Deno.readTextFile(victim), "precious");
        assertEquals(namesIn(directory).filter((name) => !before.includes(name)), []);
      });
    });
  }
}

Deno.test("image-download ignores a record that is a link, and keeps the partial file", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/disk.img`;
    await Deno.writeTextFile(`${path}.part`, "the");
    await Deno.writeTextFile(`${directory}/record`, "{}");
    await Deno.symlink(`${directory}/record`, `${path}.part.json`);
    await assertRejects(() => download(path), CommandFailed, "not known to be a part");
    assertEquals(await Deno.readTextFile(`${path}.part`), "the");
    assertEquals(await Deno.readTextFile(`${directory}/record`), "{}");
  });
});

Deno.test("openOwn() accepts the mode of a partial file with any umask", async () => {
  const old = Deno.umask(0);
  try {
    await inDirectory(async (directory) => {
      const path = `${directory}/disk.img`;
      const breaks: Transfer = async (sink) => {
        const writer = sink.getWriter();
        await writer.write(BYTES.slice(0, 5));
        throw new Error("broken");
      };
      await assertRejects(() => download(path, breaks), Error, "broken");
      await download(path);
      assertEquals(await Deno.readFile(path), BYTES);
    });
  } finally {
    Deno.umask(old);
  }
});

Deno.test("image-download fails and does not change the other file when its partial file was removed or replaced", async () => {
  const replacements: readonly (string | null)[] = [null, "the part of another process"];
  for (const replacement of replacements) {
    for (const isRight of [true, false]) {
      await inDirectory(async (directory) => {
        const path = `${directory}/disk.img`;
        const partPath = `${path}.part`;
        const replaced: Transfer = async (sink, start) => {
          await fill(sink, start);
          await Deno.remove(partPath);
          if (replacement !== null) await Deno.writeTextFile(partPath, replacement);
          if (!isRight) {
            throw new ImageIntegrityError("other bytes", { expected: "a", actual: "b" });
          }
        };
        const error = isRight ? CommandFailed : ImageIntegrityError;
        const { message } = await assertRejects(() => download(path, replaced), error);
        if (isRight) assertStringIncludes(message, "removed or replaced");
        assertEquals(namesIn(directory), replacement === null ? [] : ["disk.img.part"]);
        if (replacement !== null) assertEquals(await Deno.readTextFile(partPath), replacement);
      });
    }
  }
});

Deno.test("image-download fails when another program has truncated or extended its partial file", async () => {
  for (const files of [denoFiles, nodeFiles]) {
    for (const change of ["", "the bytes of another program"]) {
      await inDirectory(async (directory) => {
        const path = `${directory}/disk.img`;
        await Deno.writeTextFile(path, "old");
        const changed: Transfer = async (sink) => {
          const writer = sink.getWriter();
          await writer.write(BYTES.subarray(0, 7));
          await Deno.writeTextFile(`${path}.part`, change);
          await writer.write(BYTES.subarray(7));
        };
        const { message } = await assertRejects(
          () => download(path, changed, files),
          CommandFailed,
        );
        assertStringIncludes(message, "was changed, removed or replaced");
        assertEquals(await Deno.readTextFile(path), "old");
        await download(path, fill, files);
        assertEquals(await Deno.readFile(path), BYTES);
        assertEquals(namesIn(directory), ["disk.img"]);
      });
    }
  }
});

Deno.test("image-download does not change the record of a download that has replaced its partial file", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/disk.img`;
    let time = 0;
    const now = () => time += 10_000;
    const replaced: Transfer = async (sink) => {
      const writer = sink.getWriter();
      await writer.write(BYTES.subarray(0, 1));
      await Deno.remove(`${path}.part`);
      await Deno.writeTextFile(`${path}.part`, "other");
      await Deno.writeTextFile(`${path}.part.json`, "the record of the other");
      await writer.write(BYTES.subarray(1));
    };
    await assertRejects(() => download(path, replaced, denoFiles, now), CommandFailed);
    assertEquals(await Deno.readTextFile(`${path}.part`), "other");
    assertEquals(await Deno.readTextFile(`${path}.part.json`), "the record of the other");
  });
});

Deno.test("fileError() names the kind of a device, and hints only at what a task can do", () => {
  const denied = new Deno.errors.NotCapable('Requires all access to "/dev/full", run again with');
  assertEquals(
    fileError("write", "/dev/full", denied).message,
    'Cannot write "/dev/full": it is a device or a system file; choose another place',
  );
});

Deno.test("fileError() names another download only when it has locked the file", () => {
  const states = {
    EWOULDBLOCK:
      "another download is writing to it; wait for that download, or choose another name",
    EBUSY: "it is in use, or a mount point; mount its directory instead, or choose another name",
    ETXTBSY: "it is a running program; choose another name",
    EPERM:
      "the operation is not permitted, as for an immutable file or that of another user; check the file, or choose another path",
  };
  for (const [code, state] of Object.entries(states)) {
    assertEquals(fileError("write", "x", { code }).message, `Cannot write "x": ${state}`);
  }
});

Deno.test("denoFiles.read() reads from a byte, and leaves no file open", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/disk.img`;
    await Deno.writeTextFile(path, "0123456789");
    for (const [start, text] of [[undefined, "0123456789"], [7, "789"], [10, ""]] as const) {
      assertEquals(await new Response(await denoFiles.read(path, start)).text(), text);
    }
    const stream = await denoFiles.read(path, 3);
    await stream.cancel();
  });
});
