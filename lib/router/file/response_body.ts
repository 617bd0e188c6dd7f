/**
 * The body of an answer with image data: pulled from the servers as the caller takes it, and cut where
 * it cannot be finished, so that nobody takes a part for the whole.
 *
 * @module
 */
import type { RangeResponse } from "../../transfer/download/answer_body.ts";
import type { Chunk } from "../../transfer/body_reader.ts";
import { fixedLength } from "../../http/fixed_length.ts";
import type { ResumingReader } from "../../transfer/download/resuming_reader.ts";
import type { ChunkSize } from "./chunk_size.ts";
import { endedEarly } from "../../transfer/download/resume_policy.ts";
import { ServerUnreachable } from "../../errors.ts";
import type { SlowCallers, UpstreamConnection } from "./slow_callers.ts";
import type { Trace } from "../observe/access_log.ts";

/** Bytes of a chunk of one server's own body. */
const OWN_CHUNK = 64 * 1024;

/** What an answer with data is made of. */
export interface DataAnswer {
  readonly reader: ResumingReader;
  readonly trace: Trace;
  /** Bytes that were announced; null where nobody knows. */
  readonly length: number | null;
  readonly chunkSize: ChunkSize;
  readonly callers: SlowCallers;
  /** Who stands for its caller there. */
  readonly caller: object;
  readonly connection: UpstreamConnection;
  /** Whether whoever takes the stream has done with a chunk when he asks for the next. */
  readonly freesChunks: boolean;
}

/**
 * A stream of what a reader delivers.
 *
 * The last chunk is held back until the reader has found all of them right: a caller that has counted
 * its bytes would not see an error behind them.
 */
export function responseBody(answer: DataAnswer): ReadableStream<Chunk> {
  const { reader, trace, length, chunkSize, callers, caller, connection, freesChunks } = answer;
  trace.streams();
  const own = new WeakSet<Chunk>();
  let held: Chunk | null = null;
  let handed: Chunk | null = null;
  const next = async () => {
    const memory = new Uint8Array(chunkSize.next());
    const chunk = await reader.read(memory);
    if (chunk === null) return null;
    reader.report();
    // Memory that was not filled is not the chunk's, which belongs to somebody else then.
    if (freesChunks && memory.byteLength === 0) own.add(chunk);
    return chunk;
  };
  const stream = new ReadableStream<Chunk>({
    async pull(controller) {
      callers.wake(caller);
      // Node 20 has no `transfer`.
      if (handed !== null && own.has(handed)) handed.buffer.transfer?.(0);
      try {
        const ready = held ?? await next();
        held = ready === null ? null : await next();
        handed = ready;
        if (ready !== null) controller.enqueue(ready);
        if (held !== null) {
          chunkSize.handed(held.byteLength);
          return callers.rest(caller, held.byteLength, connection);
        }
        trace.over("complete");
        controller.close();
      } catch (error) {
        throw cut(trace, error);
      }
    },
    async cancel(reason) {
      trace.over("gone");
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return fixedLength(stream, length);
}

/** The body of one server, on its way to the caller. */
export interface OwnBody {
  /** Gives up a server that falls silent. */
  readonly source: Pick<RangeResponse, "reader" | "server" | "close">;
  readonly imageId: string;
  /** Bytes that were announced; null if their number is unknown. */
  readonly length: number | null;
  readonly trace: Trace;
}

/** The body of one server as it is, counted, so that its end or its break is known. */
export function countedBody(
  { source: { reader, server, close }, imageId, length, trace }: OwnBody,
): ReadableStream<Chunk> {
  trace.streams();
  let count = 0;
  const stream = new ReadableStream<Chunk>({
    async pull(controller) {
      try {
        const chunk = await reader.read(new Uint8Array(OWN_CHUNK));
        count += chunk?.byteLength ?? 0;
        if (length !== null && (chunk === null ? count < length : count > length)) {
          throw chunk === null
            ? endedEarly(imageId, server, count)
            : sentTooMuch(imageId, server, length);
        }
        if (chunk === null) {
          trace.over("complete");
          await close("the response is complete");
          return controller.close();
        }
        trace.sent(chunk.byteLength, server, 0);
        controller.enqueue(chunk);
      } catch (error) {
        await close(error);
        throw cut(trace, error);
      }
    },
    async cancel(reason) {
      trace.over("gone");
      await close(reason);
    },
  }, { highWaterMark: 0 });
  return fixedLength(stream, length);
}

function sentTooMuch(imageId: string, server: string, length: number): ServerUnreachable {
  return new ServerUnreachable(
    `Cannot go on reading image "${imageId}": the server "${server}" sent more than the ${length} bytes that it announced`,
    { imageId, server },
  );
}

/** Notes what broke an answer. Runtimes print what ends a body: the whole story is in the log. */
function cut(trace: Trace, error: unknown): Error {
  trace.failed(error);
  trace.over("cut");
  return new Error("Cannot finish the answer: no server could deliver the rest");
}
