/** What a program costs as one minified file, compressed with gzip, and its limit. */
import { assert } from "@std/assert";

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
      import { GlanceClientWrapper, GlanceImageService } from "${ROOT}mod.ts";
      const service = new GlanceImageService(new GlanceClientWrapper({ netloc: "glance:9292" }));
      await (await service.download({}, "id")).pipeTo(new WritableStream());`,
    limit: 46_000,
  },
  {
    name: "a script that connects to a cloud",
    source: `
      import { connect } from "${ROOT}mod.ts";
      const { service, context } = await connect();
      await (await service.download(context, "id")).pipeTo(new WritableStream());`,
    limit: 54_000,
  },
  {
    name: "the gateway, with Hono",
    source: `
      import { createImageRouter } from "${ROOT}lib/router/mod.ts";
      export default createImageRouter({ apiServers: ["http://glance:9292"] });`,
    limit: 56_000,
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
  const output = `${folder}/bundle.mjs`;
  const args = ["bundle", "--config", `${ROOT}deno.json`, "--minify", "--platform", "browser"];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args, "-o", output, `${folder}/entry.ts`],
    stdout: "null",
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const file = await Deno.open(output);
  const compressed = file.readable.pipeThrough(new CompressionStream("gzip"));
  return (await new Response(compressed).arrayBuffer()).byteLength;
}
