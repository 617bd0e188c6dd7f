/**
 * What the command line loads before its first request. On Deno, each module of Node takes 10 to 75 ms to load: the
 * hash functions are loaded while a response is awaited, and others are not needed.
 */
import { assertEquals } from "@std/assert";

interface Dependency {
  readonly specifier: string;
  readonly isDynamic?: boolean;
  /** Undefined if only types are imported. */
  readonly code?: { readonly specifier?: string };
}

interface ModuleGraph {
  readonly roots: readonly string[];
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly Dependency[];
  }[];
}

const LIB = new URL("../../lib/", import.meta.url);

/** The modules that are loaded with a file of lib, without its dynamic imports. */
async function loadedWith(file: string): Promise<ReadonlySet<string>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL(file, LIB).href],
    stderr: "inherit",
  }).output();
  const graph: ModuleGraph = JSON.parse(new TextDecoder().decode(stdout));
  const loaded = new Set(graph.roots);
  for (const specifier of loaded) {
    const { dependencies = [] } = graph.modules.find((one) => one.specifier === specifier) ?? {};
    for (const { code, isDynamic = false } of dependencies) {
      if (!isDynamic && code?.specifier !== undefined) loaded.add(code.specifier);
    }
  }
  return loaded;
}

for (
  const file of [
    "cli/main.ts",
    "cli/run_command.ts",
    "cli/commands/image_download.ts",
    "cli/commands/image_records.ts",
  ]
) {
  Deno.test(`${file} loads no module of Node but node:util`, async () => {
    const loaded = [...await loadedWith(file)];
    assertEquals(loaded.includes(new URL("cli/system/errors.ts", LIB).href), true);
    assertEquals(loaded.filter((one) => /^node:(?!util$)/.test(one)), []);
  });
}
