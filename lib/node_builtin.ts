/**
 * Node's modules, found at run time: Deno, Node, Bun and workerd have them, some edges have none. Nothing
 * is imported, so that the core loads everywhere.
 *
 * @module
 */

interface Runtime {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown };
}

/** A module of Node's; null where the runtime does not have it. It is taken to be what its name says. */
export function builtinModule<Module extends object>(name: `node:${string}`): Module | null {
  const { process } = globalThis as Runtime;
  return process?.getBuiltinModule?.(name) as Module | undefined ?? null;
}
