/** The tarball that `deno task pack` makes. */

const PACK = new URL("../../.github/package/pack.ts", import.meta.url).pathname;

/** Packs the package to `path`. */
export async function packTarball(path: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", PACK, path],
  }).output();
  if (!success) throw new Error(`deno task pack: ${new TextDecoder().decode(stderr)}`);
}
