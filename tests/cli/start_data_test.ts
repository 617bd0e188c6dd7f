/** `start --data` on a disk that fails. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { runStart } from "../../lib/cli/start.ts";
import { replaceFiles, replaceMethod, systemError } from "../embedded/storage/sick_files.ts";
import { full, replaceWrites } from "../embedded/small_disk.ts";
import { inDirectory } from "../support/directory.ts";
import { StartHarness } from "./start_harness.ts";

/** A running server with its directory and the id of its only image. */
interface Server {
  readonly url: string;
  readonly directory: string;
  readonly id: string;
  readonly start: StartHarness;
}

async function withServer(
  test: (server: Server) => Promise<void>,
  flags: readonly string[] = [],
): Promise<void> {
  await inDirectory(async (parent) => {
    const directory = `${parent}/data`;
    const start = new StartHarness();
    const code = runStart(["--port", "0", "--data", directory, ...flags], start.system);
    const url = await start.url();
    const { images: [{ id }] } = await (await fetch(`${url}/v2/images`)).json();
    try {
      await test({ url, directory, id, start });
    } finally {
      start.end();
      assertEquals(await code, 0);
    }
  });
}

/** The errors and events of the log; `request` entries are left out. */
function logged({ start }: Server): readonly unknown[] {
  return start.log.filter(({ kind }) => kind !== "request").map(({ kind, error }) => error ?? kind);
}

for (const flags of [[], ["--verify", "required"], ["--resume", "False"]]) {
  Deno.test(`start --data ${flags.join(" ")} resets a download at once, and logs the file once, when a read fails`, async () => {
    await withServer(async (server) => {
      const { url, directory, id } = server;
      const data = `${directory}/data/local/${id}`;
      let reads = 0;
      // The first bytes are sent.
      using _files = replaceMethod(
        data,
        "read",
        (file) => (...args: unknown[]) =>
          ++reads > 1 ? Promise.reject(systemError("EIO")) : Reflect.apply(file.read, file, args),
      );
      const response = await fetch(`${url}/v2/images/${id}/file`);
      assertEquals(response.status, 200);
      await assertRejects(() => response.bytes());
      assertEquals(reads, 2);
      assertEquals(logged(server), [`Cannot read "${data}": the disk failed`]);
    }, flags);
  });
}

Deno.test("start --data responds to a download with 502, and logs the file once, when it is too short", async () => {
  await withServer(async (server) => {
    const { url, directory, id } = server;
    const data = `${directory}/data/local/${id}`;
    await Deno.truncate(data, 1_000);
    const response = await fetch(`${url}/v2/images/${id}/file`);
    await response.body?.cancel();
    assertEquals(response.status, 502);
    const ends = `Cannot read "${data}": it ends after 1000 bytes, before the end of the image`;
    assertEquals(logged(server), [ends]);
  });
});

Deno.test("start --data sends Glance's explanation, and serves reads, when the disk is read-only", async () => {
  await withServer(async (server) => {
    const { url, directory, id } = server;
    const restore = replaceWrites(() => Promise.reject(systemError("EROFS", "read-only")));
    try {
      for (const accept of ["application/json", "text/html", "text/plain"]) {
        const tag = `${url}/v2/images/${id}/tags/x`;
        const response = await fetch(tag, { method: "PUT", headers: { accept } });
        assertEquals(response.status, 503);
        assertMatch(
          await response.text(),
          /^(?!.*Unavailable Insuff)[^]*Insufficient permissions on image storage media: Permission to write image storage media denied\.[<\n]/,
        );
      }
    } finally {
      restore();
    }
    const data = await (await fetch(`${url}/v2/images/${id}/file`)).bytes();
    assertEquals(data.byteLength, 262_144);
    const report = `Cannot write "${directory}/images/${id}.json": read-only`;
    assertEquals(logged(server), [report, report, report]);
  });
});

Deno.test("start --data --no-log logs the file that cannot be written", async () => {
  await withServer(async ({ url, directory, id, start }) => {
    const restore = replaceWrites(() => Promise.reject(full()));
    try {
      const response = await fetch(`${url}/v2/images/${id}/tags/x`, { method: "PUT" });
      await response.body?.cancel();
      assertEquals(response.status, 413);
    } finally {
      restore();
    }
    const report = `Cannot write "${directory}/images/${id}.json": no space left on device`;
    assertEquals(start.log.map(({ kind, error }) => [kind, error]), [["error", report]]);
  }, ["--no-log"]);
});

Deno.test("start --data is not ready, and names the cause, while its directory is gone", async () => {
  await withServer(async ({ url, directory }) => {
    const ready = async () => {
      const response = await fetch(`${url}/readyz`);
      return [response.status, await response.text()];
    };
    assertEquals(await ready(), [200, "A Glance server responds.\n"]);
    await Deno.rename(directory, `${directory}-away`);
    const gone = `Cannot use "${directory}": no such file or directory.\n`;
    assertEquals(await ready(), [503, gone]);
    await Deno.rename(`${directory}-away`, directory);
    assertEquals(await ready(), [200, "A Glance server responds.\n"]);
  });
});

Deno.test("start --data names the part of its directory that cannot be used", async () => {
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/tasks`, "");
    const start = new StartHarness();
    assertEquals(await runStart(["--port", "0", "--data", directory], start.system), 1);
    assertEquals(
      start.stderr.text,
      `Cannot use "${directory}/tasks": it is not a directory; choose another one with --data\n`,
    );
  });
});

Deno.test("start --data waits for a slow disk, and responds to probes meanwhile", async () => {
  await withServer(async ({ url, directory, id }) => {
    const slow = Promise.withResolvers<void>();
    using _files = replaceFiles(({ open }) => ({
      async open(path, ...rest) {
        if (String(path).startsWith(`${directory}/data/local`)) await slow.promise;
        return await open(path, ...rest);
      },
    }));
    const response = fetch(`${url}/v2/images/${id}/file`);
    for (const path of ["/healthz", "/readyz"]) {
      const probe = await fetch(url + path);
      await probe.body?.cancel();
      assertEquals(probe.status, 200, path);
    }
    slow.resolve();
    assertEquals((await (await response).bytes()).byteLength, 262_144);
  });
});
