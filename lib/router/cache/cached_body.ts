/** The body of a response from the cache. */
import type { CachedReader } from "../../cache/cached_reader.ts";
import type { Chunk } from "../../transfer/body_reader.ts";
import type { Verifier } from "../../transfer/integrity/descriptor.ts";
import type { RequestRecorder } from "../observe/access_log.ts";
import type { CacheCode } from "./cache_code.ts";

/** The input of `cachedBody`. */
export interface CachedBodyInput {
  readonly reader: CachedReader;
  /** The first bytes, which have been read already. */
  readonly first: Chunk | null;
  /**
   * Verifies a whole image before its last bytes are sent: a client that has received `Content-Length` bytes does not
   * see a later error.
   */
  readonly verifier: Verifier | null;
  readonly length: number;
  readonly recorder: RequestRecorder;
  /** Whether no other code keeps a chunk after it reads the next one, so that its memory can be reused. */
  readonly mayReuseChunks: boolean;
}

/** Creates a stream from a reader. A failure resets the connection. */
export function cachedBody(
  { fixedLength }: CacheCode,
  { reader, first, verifier, length, recorder, mayReuseChunks }: CachedBodyInput,
): ReadableStream<Chunk> {
  recorder.startStreaming();
  let [next, previous, count] = [first, null as Chunk | null, 0];
  const take = async () => {
    const chunk = next ?? await reader.read();
    next = null;
    if (chunk === null) throw new Error("Cannot finish a response: the cache ended early");
    if (!reader.isShared) return previous = chunk;
    previous = null;
    return mayReuseChunks ? chunk : chunk.slice();
  };
  const close = () => Promise.all([reader.close(), verifier?.close()]);
  const stream = new ReadableStream<Chunk>({
    async pull(controller) {
      // Freed now, because late garbage collection takes several times the CPU time of a read.
      if (mayReuseChunks && previous !== null) free(previous);
      try {
        if (count === length) {
          // The client has all bytes, so the memory of the last chunk can be released.
          await reader.read();
          return controller.close();
        }
        const chunk = await take();
        await verifier?.update(chunk);
        count += chunk.byteLength;
        if (count === length) await verifier?.check();
        recorder.sent(chunk.byteLength, "cache", 0);
        controller.enqueue(chunk);
        if (count < length) return;
        recorder.end("complete");
        await verifier?.close();
      } catch (error) {
        await close();
        recorder.failed(error);
        recorder.end("aborted");
        // Runtimes print this error; the details are in the log.
        throw new Error("Cannot finish the response: no server could deliver the rest");
      }
    },
    async cancel() {
      recorder.end("canceled");
      await close();
    },
  }, { highWaterMark: 0 });
  return fixedLength(stream, length);
}

/** Frees the memory of a chunk that no other chunk shares. Node 20 has no `transfer`. */
function free({ buffer, byteLength }: Chunk): void {
  if (byteLength === buffer.byteLength) buffer.transfer?.(0);
}
