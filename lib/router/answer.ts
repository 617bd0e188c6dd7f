/**
 * A small answer of a server, read to its end.
 *
 * @module
 */
import type { Exchange } from "../http/exchange.ts";

/** A small answer, all of it. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Endpoint root of the server that gave it. */
  readonly server: string;
}

/** Reads an answer; one whose body breaks counts as a failed attempt. */
export async function readAnswer({ response, server, deadline }: Exchange): Promise<Answer> {
  try {
    const body = new Uint8Array(await response.arrayBuffer());
    const { status, headers } = response;
    return { status, headers, body, server: server.endpoint };
  } finally {
    deadline[Symbol.dispose]();
  }
}

/** The JSON in an answer; null where it is none. */
export function jsonOf({ body }: Answer): unknown {
  return parsedJson(new TextDecoder().decode(body));
}

/** JSON, or null. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
