/**
 * Bundles the browser's part of the page and writes it to `lib/page/assets.ts`, so that the gateway serves it on
 * every runtime without reading files: `deno task page`.
 */
import { gzipAsync } from "@gfx/zopfli";
import { minify } from "terser";

const ROOT = new URL("../../", import.meta.url);
const BROWSER = new URL("lib/page/browser/", ROOT);
const ASSETS = new URL("lib/page/assets.ts", ROOT);

/**
 * Code that the module imports on demand and the page never needs, because it has one server, its own gateway,
 * which sends no redirects.
 */
const UNUSED = [
  "lib/auth/on_demand/catalog_servers.ts",
  "lib/http/on_demand/hedging.ts",
  "lib/http/on_demand/outage.ts",
  "lib/http/on_demand/redirects.ts",
  "lib/http/on_demand/stream_blob.ts",
];

/**
<<<<<<< HEAD
 * Code that the page cannot use, and what replaces it. Browsers do not report why a certificate is not trusted,
 * and calls start no trace there. The page calls few operations, and states the size of what it uploads. Each image
 * that has a SHA-256 also has an MD5.
=======
 * Code that the page cannot use, and what takes its place: browsers do not tell why a certificate is not trusted,
 * it calls few operations, and states the size of what it uploads, and each image that has a SHA-256 also has an MD5.
 * A pool of one server has nothing to choose, whether the server has failed or not.
>>>>>>> 269f9d0 (page: keep the focus when a control is removed, announce results, and use the whole width of large displays)
 */
const STAND_INS: Readonly<Record<string, string>> = {
  "lib/http/on_demand/tls_hints.ts": "export const trustHint = () => ({});",
  "lib/http/new_trace.ts": "export const newTrace = () => undefined;",
  "lib/api/on_demand/other_hints.ts": "export const OTHER_HINTS = {}, UNKNOWN_SIZE = '';",
  "lib/transfer/integrity/pure_sha256.ts": "export const sha256 = undefined;",
  "lib/http/retry/server_pool.ts": `export class ServerPool {
    health = { isWorking: () => true, failed() {}, succeeded() {} };
    constructor(servers) { this.servers = servers; }
    next() { return this.servers[0]; }
    hasUntried(tried) { return tried.size === 0; }
  }`,
};

/** A file of the page. */
export interface PageFile {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

/** Builds the files of the page from their sources. */
export async function buildPage(): Promise<readonly PageFile[]> {
  const style = await Deno.readTextFile(new URL("style.css", BROWSER));
  const icon = await Deno.readTextFile(new URL("icon.svg", BROWSER));
  return [
    { name: "app.js", type: "text/javascript; charset=utf-8", text: await bundle() },
    { name: "app.css", type: "text/css; charset=utf-8", text: minifiedStyle(style) },
    { name: "icon.svg", type: "image/svg+xml", text: icon.trim() },
  ];
}

async function bundle(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "glance-page-" });
  try {
    const { imports, compilerOptions } = JSON.parse(
      await Deno.readTextFile(new URL("deno.json", ROOT)),
    );
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports, compilerOptions }));
    await copySources("mod.ts", folder);
    await copySources("lib", folder);
    const output = `${folder}/app.js`;
    const options = ["--quiet", "--minify", "--platform", "browser", "--output", output];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["bundle", ...options, `${folder}/lib/page/browser/main.tsx`],
      cwd: folder,
      stdout: "null",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return await minified(await Deno.readTextFile(output));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Copies a file or a folder of the module, as the page needs it. */
async function copySources(path: string, folder: string): Promise<void> {
  const source = new URL(path, ROOT);
  if ((await Deno.stat(source)).isFile) {
    if (!/\.tsx?$/.test(path)) return;
    const text = STAND_INS[path] ?? withStaticImports(await Deno.readTextFile(source), path);
    return await Deno.writeTextFile(`${folder}/${path}`, text);
  }
  await Deno.mkdir(`${folder}/${path}`);
  for await (const { name } of Deno.readDir(source)) await copySources(`${path}/${name}`, folder);
}

/**
 * Replaces imports on demand: the page is one file, in which each of them would be a function with an object of
 * what it exports, 2 % of the bundle.
 */
function withStaticImports(source: string, path: string): string {
  const imports: string[] = [];
  const text = source.replace(
    /(?<!typeof )\bimport\(\s*("\.[^"]+")\s*\)/g,
    (_, specifier: string) => {
      const target = new URL(JSON.parse(specifier), new URL(path, ROOT)).href.slice(
        ROOT.href.length,
      );
      if (UNUSED.includes(target)) return "Promise.resolve({})";
      const name = `$onDemand${imports.length}`;
      imports.push(`import * as ${name} from ${specifier};\n`);
      return `Promise.resolve(${name})`;
    },
  );
  return imports.join("") + text;
}

/** Makes a bundle 4 % smaller than the bundler does. */
async function minified(bundle: string): Promise<string> {
  const { code } = await minify(bundle, {
    module: true,
    ecma: 2020,
    compress: {
      passes: 3,
      keep_fargs: false,
      unsafe: true,
      unsafe_arrows: true,
      pure_getters: true,
    },
  });
  return code ?? "";
}

/** A style sheet without comments and white space that means nothing. */
function minifiedStyle(css: string): string {
  return css.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\s+/g, " ")
    .replace(/ ?([{};,]) ?/g, "$1").replace(/([{;][\w-]+): /g, "$1:").replaceAll(";}", "}").trim();
}

/** The bytes that are sent for a file: Zopfli makes them 3 % smaller than `gzip -9` does. */
async function compressed({ text }: PageFile): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await gzipAsync(new TextEncoder().encode(text), { numiterations: 100 }));
}

/** The source of `assets.ts`. */
async function assetsSource(files: readonly PageFile[]): Promise<string> {
  const entries = await Promise.all(files.map(async (file) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(file.text));
    const hash = new Uint8Array(digest).toHex().slice(0, 12);
    const gzip = btoa(String.fromCharCode(...await compressed(file)));
    return `  ${JSON.stringify(file.name)}: {\n    type: ${
      JSON.stringify(file.type)
    },\n    hash: "${hash}",\n    gzip:\n      "${gzip}",\n  },\n`;
  }));
  return `/** The files of the page, compressed. Written by \`deno task page\`; do not edit. */\n
/** A file: its media type, a hash of its content, and its bytes after gzip, in Base64. */
export interface PageAsset {
  readonly type: string;
  readonly hash: string;
  readonly gzip: string;
}

/** The files by name. */
export const ASSETS: Readonly<Record<string, PageAsset>> = {
${entries.join("")}};
`;
}

if (import.meta.main) {
  const files = await buildPage();
  await Deno.writeTextFile(ASSETS, await assetsSource(files));
  for (const file of files) {
    console.log(`${file.name}: ${(await compressed(file)).byteLength} bytes`);
  }
}
