/**
 * What a program loads at its start, minified and compressed as `gzip -9` does, and its limit: its first file and
 * those that it imports statically. Code that is imported on demand is in files of its own: several connections,
 * files in the store, responses in several parts, hedged requests, hashing threads, hash functions for runtimes
 * without `node:crypto`, the service catalog, locations, redirects, streams as request bodies with a length, the
 * texts that explain errors, and the gateway's CORS, error responses, metrics and traces.
 */
import { assert } from "@std/assert";
import { gzipSync } from "node:zlib";

const ROOT = new URL("../../", import.meta.url).pathname;

interface Program {
  readonly name: string;
  readonly source: string;
  /** Limit in bytes. It may be lowered, and is raised only for a feature that is worth it. */
  readonly limit: number;
}

const PROGRAMS: readonly Program[] = [
  {
    name: "a script that only downloads",
    source: `
      import { ApiClient, downloadImage } from "${ROOT}mod.ts";
      const client = new ApiClient({ netloc: "glance:9292" });
      await (await downloadImage(client, {}, "id")).pipeTo(new WritableStream());`,
    limit: 20_480,
  },
  {
    name: "a script that downloads with the service",
    source: `
      import { GlanceClientWrapper, GlanceImageService } from "${ROOT}mod.ts";
      const service = new GlanceImageService(new GlanceClientWrapper({ netloc: "glance:9292" }));
      await (await service.download({}, "id")).pipeTo(new WritableStream());`,
    limit: 36_800,
  },
  {
    name: "a script that connects to a cloud",
    source: `
      import { connect } from "${ROOT}mod.ts";
      const { service, context } = await connect();
      await (await service.download(context, "id")).pipeTo(new WritableStream());`,
    limit: 46_300,
  },
  {
    name: "the gateway, with Hono",
    source: `
      import { createImageRouter } from "${ROOT}lib/router/mod.ts";
      export default createImageRouter({ apiServers: ["http://glance:9292"] });`,
    limit: 46_080,
  },
];

for (const { name, source, limit } of PROGRAMS) {
  Deno.test(`deno bundle makes at most ${limit / 1000} kB of ${name}`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "glance-bundle-" });
    try {
      const size = await bundledSize(folder, source);
      console.log(`${name}: ${(size / 1000).toFixed(1)} kB`);
      assert(size <= limit, `${size} bytes`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

async function bundledSize(folder: string, source: string): Promise<number> {
  await Deno.writeTextFile(`${folder}/entry.ts`, source);
  const output = `${folder}/bundle`;
  const args = ["bundle", "--config", `${ROOT}deno.json`, "--minify", "--platform", "browser"];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args, "--code-splitting", "--outdir", output, `${folder}/entry.ts`],
    stdout: "null",
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  let size = 0;
  for (const file of await filesAtStart(`${output}/entry.js`)) {
    // Of the levels of Deno, this one is nearest to `gzip -9`; the default makes 1.5 % more.
    size += gzipSync(await Deno.readFile(file), { level: 8 }).byteLength;
  }
  return size;
}

/** A file and all that it imports statically. */
async function filesAtStart(first: string): Promise<ReadonlySet<string>> {
  const files = new Set([first]);
  for (const file of files) {
    const code = await Deno.readTextFile(file);
    for (const [, name = ""] of code.matchAll(/(?:\bfrom|\bimport)"(\.[^"]+)"/g)) {
      files.add(new URL(name, `file://${file}`).pathname);
    }
  }
  return files;
}
