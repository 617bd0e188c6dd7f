/**
 * Looks up Node's built-in modules at run time. Deno, Node, Bun, and workerd have them, some edge runtimes
 * do not. The core has no static import of them, so it loads everywhere.
 */

/** The global that has the modules. */
interface Runtime {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown };
}

/** A built-in module; null if the runtime does not have it. Its type is not checked. */
export function builtinModule<Module extends object>(name: `node:${string}`): Module | null {
  const { process } = globalThis as Runtime;
  return process?.getBuiltinModule?.(name) as Module | undefined ?? null;
}
