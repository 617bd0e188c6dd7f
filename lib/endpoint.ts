/**
 * Where a server is: an endpoint root, taken apart once. Pure; it knows no request.
 *
 * @module
 */
import { InvalidConfigurationValue, redact } from "./errors.ts";

/**
 * An API server.
 *
 * `endpoint` is the root below which `/v2/…` lies: `scheme://host[:port][/prefix]`, without a
 * trailing slash and without a version. `netloc` is the same without its scheme, as Cinder has it.
 */
export interface ApiServer {
  readonly endpoint: string;
  readonly netloc: string;
  readonly useSsl: boolean;
}

/** An IPv6 address without the brackets that a URL wants; no port can follow it. */
const BARE_IPV6 = /^(https?:\/\/)?([0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*)(?=\/|$)/i;

/** What has a scheme, or tries to; `host:port` has none. */
const HAS_SCHEME = /^[a-z][a-z0-9+.-]*:[/\\]|\/\//i;

/** The version that catalogs and habits put behind an endpoint: `/v2`, `/v2.9/`, `/v1`. */
const VERSION_SUFFIX = /\/v\d+(\.\d+)?\/*$/;

/**
 * Reads a server as configurations write it: `host`, `host:port`, with or without `http://` or
 * `https://`, a mount prefix, a trailing slash or version. No scheme means http, as in Cinder.
 *
 * @throws {InvalidConfigurationValue} where it is none of these, or holds a user or password.
 */
export function parseApiServer(text: string): ApiServer {
  const whole = text.trim().replace(BARE_IPV6, "$1[$2]");
  const url = parseUrl(HAS_SCHEME.test(whole) ? whole : `http://${whole}`);
  if (url === null) {
    throw new InvalidConfigurationValue(
      `Cannot use the API server "${
        redact(text)
      }": it is no http or https URL; write it as "https://host:9292"`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidConfigurationValue(
      `Cannot use the API server "${
        redact(text)
      }": it holds user information; give a token in the context instead`,
    );
  }
  return serverOf(url);
}

/**
 * The server at `netloc` (`host[:port][/prefix]`), reached by https or http.
 *
 * @throws {InvalidConfigurationValue} where it is something else.
 */
export function apiServerAt(netloc: string, useSsl: boolean): ApiServer {
  if (HAS_SCHEME.test(netloc)) {
    throw new InvalidConfigurationValue(
      `Cannot use the netloc "${
        redact(netloc)
      }": it has a scheme; write "host:9292", and say with "useSsl" whether it is https`,
    );
  }
  return { ...parseApiServer(`${useSsl ? "https" : "http"}://${netloc}`), netloc };
}

/** Whether a URL lies on one of `hosts`, each `host` (the scheme's default port) or `host:port`. */
export function isOnHost(url: URL, hosts: readonly string[]): boolean {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return hosts.some((host) => {
    const wanted = parseUrl(`${url.protocol}//${host.trim()}`);
    if (wanted === null || wanted.hostname !== url.hostname) return false;
    return (wanted.port || (wanted.protocol === "https:" ? "443" : "80")) === port;
  });
}

/** A list in an order of its own (Fisher-Yates); the list that was given stays as it is. */
export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}

function parseUrl(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== "" ? url : null;
}

function serverOf(url: URL): ApiServer {
  const path = url.pathname.replace(VERSION_SUFFIX, "").replace(/\/+$/, "");
  const netloc = url.host + path;
  return {
    endpoint: `${url.protocol}//${netloc}`,
    netloc,
    useSsl: url.protocol === "https:",
  };
}
