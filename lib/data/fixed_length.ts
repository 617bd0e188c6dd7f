/**
 * Streams of fixed length: on workerd only they keep their length on the wire, and an error in them cuts
 * the connection. Any other stream ends there as if it were whole.
 *
 * @module
 */

/** What tells workerd from the other runtimes. */
interface Workerd {
  readonly FixedLengthStream?: new (length: number) => TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >;
}

/** Whether this is workerd, or a runtime that does as it does. */
export function isWorkerd(): boolean {
  return (globalThis as Workerd).FixedLengthStream !== undefined;
}

/** A stream of so many bytes, as one of fixed length where there are such; null is an unknown length. */
export function fixedLength(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  length: number | null,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { FixedLengthStream } = globalThis as Workerd;
  if (FixedLengthStream === undefined || length === null) return stream;
  const { readable, writable } = new FixedLengthStream(length);
  stream.pipeTo(writable).catch(() => {});
  return readable;
}
