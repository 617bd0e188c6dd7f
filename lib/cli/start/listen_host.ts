/** The host that `start` listens on. Pure. */

/** Loopback names and addresses, as `URL` spells them. */
const LOOPBACK = /^(?:127(?:\.\d+){3}|localhost|::1|::ffff:7f[\da-f]{2}:[\da-f]+)$/;

/** An IPv6 address with the name of a network interface, which `URL` refuses. */
const SCOPED = /^[\da-f:]+%[\w.-]+$/i;

/** Whether only this machine can reach the host. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/**
 * The host as `URL` spells it, so that each loopback address is recognized: `127.0.0.1` for `127.1`. An IPv6 address
 * has no brackets. Null if the text is not a host name or an IP address.
 */
export function listenHost(text: string): string | null {
  const host = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (SCOPED.test(host)) return host;
  const url = `http://${host.includes(":") ? `[${host}]` : host}/`;
  if (!URL.canParse(url)) return null;
  const { hostname, href } = new URL(url);
  const isHost = href === `http://${hostname}/` && /^(?:[\w.-]+|\[[\da-f:.]+\])$/.test(hostname);
  return isHost ? hostname.replaceAll(/[[\]]/g, "") : null;
}
