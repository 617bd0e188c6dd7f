/**
 * Packs what is published to npm: `deno task pack` writes `glance-edge.tgz`, or the file that is named. `deno pack` makes JavaScript and types;
 * this adds the command `glance-edge` with all that it imports, and what `package.json` says of both.
 *
 * @module
 */
import { bundledPackages, manifestFor } from "./manifest.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** The tarball. */
const TARBALL = Deno.args[0] ?? `${ROOT}glance-edge.tgz`;

/** The command, from the root of the package. */
const COMMAND = "bin/glance-edge.js";

/** It imports deno.json, which Node would load with a warning, and which is not part of the package. */
const VERSION_MODULE = "lib/router/version";

const configuration = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
const folder = await Deno.makeTempDir({ prefix: "glance-pack-" });
try {
  const modules = `${folder}/modules.tgz`;
  await run(ROOT, ["deno", "pack", "-q", "--allow-dirty", "--no-source-maps", "-o", modules]);
  await run(folder, ["tar", "-xzf", modules]);
  const contents = `${folder}/package`;
  await writeVersion(`${contents}/${VERSION_MODULE}.js`);
  await referToLibrary(contents);
  await bundleCommand(contents);
  await Deno.copyFile(`${ROOT}lib/api/openapi/openapi.json`, `${contents}/openapi.json`);
  await Deno.writeTextFile(`${contents}/bin/LICENSES`, await licenses());
  const repository = Deno.env.get("GITHUB_REPOSITORY");
  const manifest = manifestFor(configuration, { command: COMMAND, repository });
  await Deno.writeTextFile(`${contents}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`);
  const listed = await run(contents, ["npm", "pack", "--json", "--ignore-scripts"]);
  const [{ filename, entryCount, size, unpackedSize }] = JSON.parse(listed);
  await Deno.copyFile(`${contents}/${filename}`, TARBALL);
  const kilobytes = [size, unpackedSize].map((bytes) => `${Math.ceil(bytes / 1000)} kB`);
  console.log(`${TARBALL}: ${entryCount} files, ${kilobytes.join(", unpacked ")}`);
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Replaces the import of deno.json. */
async function writeVersion(path: string): Promise<void> {
  const text = await Deno.readTextFile(path);
  if (!text.includes("deno.json")) throw new Error(`${path} does not import deno.json`);
  const version = JSON.stringify(configuration.version);
  await Deno.writeTextFile(path, `/** The version. */ export const VERSION = ${version};\n`);
}

/** Names the library of the compiler that has `Disposable`: the one that a program chooses may lack it. */
async function referToLibrary(directory: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (isDirectory) await referToLibrary(path);
    if (!name.endsWith(".d.ts")) continue;
    const text = await Deno.readTextFile(path);
    if (!/Disposable\b|Symbol\.(d|asyncD)ispose/.test(text)) continue;
    await Deno.writeTextFile(path, `/// <reference lib="esnext.disposable" />\n${text}`);
  }
}

/** Bundles the command with its packages: with `npx`, users cannot install any of them. */
async function bundleCommand(contents: string): Promise<void> {
  const version = `file://${contents}/${VERSION_MODULE}.js`;
  const imports = { ...configuration.imports, [`file://${ROOT}${VERSION_MODULE}.ts`]: version };
  const config = `${folder}/deno.json`;
  await Deno.writeTextFile(config, JSON.stringify({ imports }));
  const flags = ["-q", "--platform", "deno", "--code-splitting", "--config", config];
  const entry = `${ROOT}lib/cli/node_main.ts`;
  await run(folder, ["deno", "bundle", ...flags, "--outdir", `${contents}/bin`, entry]);
  await Deno.rename(`${contents}/bin/node_main.js`, `${contents}/bin/main.js`);
  const start = '#!/usr/bin/env node\nimport "./main.js";\n';
  await Deno.writeTextFile(`${contents}/${COMMAND}`, start);
  await Deno.chmod(`${contents}/${COMMAND}`, 0o755);
}

/** The licenses of the packages in the bundle, which demand to be copied with them. */
async function licenses(): Promise<string> {
  const { npmCache } = JSON.parse(await run(ROOT, ["deno", "info", "--json"]));
  const texts = bundledPackages(configuration).map(async ([name, version]) => {
    const source = await folderOf(npmCache, `${name}/${version}`);
    const { license, author } = JSON.parse(await Deno.readTextFile(`${source}/package.json`));
    const text = await Deno.readTextFile(`${source}/LICENSE`)
      .catch(() => `License: ${license}. Author: ${author}.`);
    return `${name} ${version}\n\n${text.trim()}\n`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(72)}\n\n`);
}

/** The folder of a package in the cache, which has a folder for each registry. */
async function folderOf(cache: string, path: string): Promise<string> {
  for await (const { name } of Deno.readDir(cache)) {
    const folder = `${cache}/${name}/${path}`;
    if (await Deno.stat(`${folder}/package.json`).then(() => true, () => false)) return folder;
  }
  throw new Error(`Cannot find ${path} in ${cache}`);
}

/** Runs a program. Returns what it prints. */
async function run(cwd: string, [command = "", ...args]: readonly string[]): Promise<string> {
  const program = command === "deno" ? Deno.execPath() : command;
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${command} ${args[0]}: ${text(stderr)}`);
  return text(stdout);
}
