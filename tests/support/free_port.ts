/** Ports for servers that a test starts later, or never. */

/**
 * Below Linux's ephemeral ports (from 32768): neither an outgoing connection nor a server of another test that
 * listens to port 0 takes the port meanwhile.
 */
const FIRST_PORT = 12_000;
const LAST_PORT = 32_000;
const PORT_ATTEMPTS = 200;

const usedPorts = new Set<number>();

/**
 * A free port that this process has not used before.
 *
 * @throws {Error} if hardly any port is free
 */
export function freePort(): number {
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    if (usedPorts.has(port) || !isFree(port)) continue;
    usedPorts.add(port);
    return port;
  }
  throw new Error(`Cannot find a free loopback port: ${PORT_ATTEMPTS} were in use`);
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
