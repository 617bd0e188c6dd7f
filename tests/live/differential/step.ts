/** One request of a sequence, and its description. */

/**
 * Identity of a request: an administrator, members of two projects, a reader in the first project,
 * an invalid token, and no token.
 */
export type User = "admin" | "alice" | "bob" | "carol" | "stranger" | "anonymous";

/**
 * A request. In its path, `{task}` is the newest task; in its body, `{web}` is the URL of a file.
 */
export interface Step {
  readonly user: User;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array<ArrayBuffer> | null;
  readonly isChunked: boolean;
}

/** A request as one line. */
export function describeStep({ user, method, path, headers, body, isChunked }: Step): string {
  const shown = headers.map(([name, value]) => ` ${name}: ${value.slice(0, 120)};`).join("");
  const data = body === null ? "" : ` ${isChunked ? "(chunked) " : ""}${textOf(body)}`;
  return `${user} ${method} ${path.slice(0, 300)}${shown}${data}`;
}

function textOf(body: Uint8Array<ArrayBuffer>): string {
  return JSON.stringify(new TextDecoder().decode(body.subarray(0, 400))) +
    (body.length > 400 ? ` (${body.length} bytes)` : "");
}
