/**
 * Frees memory after its last byte was used, not when the garbage collector runs, which waits for a hundred megabytes:
 * first access to new memory takes longer than decompressing into it. Memory of callers is never freed here.
 */

/** The buffers that were allocated here, and how many of their bytes are in use. */
const USED_BYTES = /* @__PURE__ */ new WeakMap<ArrayBufferLike, number>();

/** Registers a buffer, all of whose bytes become chunks of one stream. */
export function own(buffer: ArrayBufferLike, bytes: number): void {
  USED_BYTES.set(buffer, bytes);
}

/** Whether a buffer is registered and in use. */
export function isOwned(buffer: ArrayBufferLike): boolean {
  return USED_BYTES.has(buffer);
}

/** Releases bytes that are not read again. After the last bytes of an owned buffer, its memory is freed. */
export function release({ buffer, byteLength }: Uint8Array): void {
  const used = USED_BYTES.get(buffer);
  if (used === undefined) return;
  if (used > byteLength) USED_BYTES.set(buffer, used - byteLength);
  else {
    USED_BYTES.delete(buffer);
    // Node 20 cannot detach a buffer.
    if (buffer instanceof ArrayBuffer) buffer.transfer?.(0);
  }
}

/**
 * A stream that releases each chunk when the next one has arrived. Its reader must have used a chunk before it reads
 * the next one; the last one may be in use when it finds the end.
 */
export function releasing(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let previous: Uint8Array | null = null;
  return new ReadableStream({
    async pull(controller) {
      const { value } = await reader.read();
      if (value === undefined) return controller.close();
      if (previous !== null) release(previous);
      previous = value;
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
