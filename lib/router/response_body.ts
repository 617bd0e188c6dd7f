/**
 * The body of an answer with image data: pulled from the servers as the caller takes it, and cut where
 * it cannot be finished, so that nobody takes a part for the whole.
 *
 * @module
 */
import type { Chunk } from "../data/body_reader.ts";
import type { ResumingReader } from "../data/resume.ts";
import type { Trace } from "./trace.ts";

/** Bytes that are read at once; a slow caller holds two of them in memory. */
const CHUNK_SIZE = 64 * 1024;

/**
 * A stream of what a reader delivers; `length` is what was announced, null where nobody knows.
 *
 * The last chunk is held back until the reader has found all of them right: a caller that has counted
 * its bytes would not see an error behind them.
 */
export function responseBody(
  reader: ResumingReader,
  trace: Trace,
  length: number | null,
): ReadableStream<Chunk> {
  trace.streams();
  let held: Chunk | null = null;
  const next = async () => {
    const chunk = await reader.read(new Uint8Array(CHUNK_SIZE));
    if (chunk !== null) reader.report();
    return chunk;
  };
  const stream = new ReadableStream<Chunk>({
    async pull(controller) {
      try {
        const ready = held ?? await next();
        held = ready === null ? null : await next();
        if (ready !== null) controller.enqueue(ready);
        if (held !== null) return;
        trace.over("complete");
        controller.close();
      } catch (error) {
        trace.failed(error);
        trace.over("cut");
        // Runtimes print what ends a body: the whole story is in the log.
        throw new Error("Cannot finish the answer: no server could deliver the rest");
      }
    },
    async cancel(reason) {
      trace.over("gone");
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return length === null ? stream : fixedLength(stream, length);
}

/** On workerd an errored stream ends as if it were whole; one of fixed length does not. */
function fixedLength(stream: ReadableStream<Chunk>, length: number): ReadableStream<Chunk> {
  const { FixedLengthStream } = globalThis as {
    FixedLengthStream?: new (length: number) => TransformStream<Chunk, Chunk>;
  };
  if (FixedLengthStream === undefined) return stream;
  const { readable, writable } = new FixedLengthStream(length);
  stream.pipeTo(writable).catch(() => {});
  return readable;
}
