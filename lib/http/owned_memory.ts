/**
 * Frees registered buffers as soon as their last byte was used. The garbage collector waits for a hundred
 * megabytes, and the first access to new memory takes longer than decompressing into it. Buffers of callers
 * are never registered.
 */

/** The registered buffers, and how many of their bytes are in use. */
const USED_BYTES = /* @__PURE__ */ new WeakMap<ArrayBufferLike, number>();

/** Registers a buffer of which `bytes` bytes will be released; nothing else may use it. */
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
 * the next one. The last chunk is not released, because it may be in use when the stream ends.
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
