/** Child processes of the benches. A signal that ends a bench also ends them. */

const CHILDREN = new Set<Deno.ChildProcess>();

/** Exit codes of the signals that end a bench. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Starts a process that ends with the bench. */
export function spawned(command: Deno.Command): Deno.ChildProcess {
  const child = command.spawn();
  CHILDREN.add(child);
  child.status.finally(() => CHILDREN.delete(child));
  return child;
}

/** Ends all children when a signal ends the bench. nginx ends its workers after SIGTERM only. */
export function endChildrenOnSignals(): void {
  for (const [signal, code] of Object.entries(SIGNALS)) {
    Deno.addSignalListener(signal as keyof typeof SIGNALS, async () => {
      const left = [...CHILDREN];
      left.forEach(end);
      await Promise.all(left.map(({ status }) => status));
      Deno.exit(code);
    });
  }
}

function end(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGTERM");
  } catch {
    // It has ended by itself.
  }
}
