/** Streams of images. */

export interface ImageStream {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Bytes that were read. */
  sent(): number;
  isCanceled(): boolean;
}

/** A stream of an image in chunks, which makes a chunk only if one is read. */
export function streamOf(image: Uint8Array, chunkSize: number): ImageStream {
  let offset = 0;
  let canceled = false;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (offset >= image.length) return controller.close();
      const chunk = image.slice(offset, offset + chunkSize);
      offset += chunk.length;
      controller.enqueue(chunk);
    },
    cancel() {
      canceled = true;
    },
  }, { highWaterMark: 0 });
  return { stream, sent: () => offset, isCanceled: () => canceled };
}
