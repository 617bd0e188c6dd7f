/**
 * Headers and bodies of the simulated answers.
 *
 * @module
 */
import type { Fault } from "./faults.ts";

/** An answer that is an error. */
export function failure(status: number, retryAfter?: string): Response {
  const headers = new Headers(retryAfter === undefined ? {} : { "retry-after": retryAfter });
  return Response.json({ message: `simulated ${status}` }, { status, headers });
}

/** The bytes that a `Range` header asks for, both ends inclusive. */
export function boundsOf(range: string, image: Uint8Array): [start: number, end: number] {
  const match = /^bytes=(\d+)-(\d*)$/.exec(range);
  const last = image.byteLength - 1;
  return [Number(match?.[1]), match?.[2] ? Math.min(Number(match[2]), last) : last];
}

/** Says which bytes an answer has, as truly as its fault lets it. */
export function setContentRange(
  headers: Headers,
  start: number,
  end: number,
  size: number,
  fault: Fault | undefined,
): void {
  if (fault?.kind === "noContentRange") return;
  const from = fault?.kind === "wrongStart" ? Math.max(0, start - 1) : start;
  const to = fault?.kind === "wrongEnd" ? end - 1 : end;
  const total = fault?.kind === "wrongTotal" ? size + 5 : size;
  headers.set("content-range", `bytes ${from}-${to}/${total}`);
}

/** One behind the other. */
export function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.byteLength + b.byteLength);
  both.set(a);
  both.set(b, a.byteLength);
  return both;
}
