/**
 * Response bodies with image data. Bytes are read from a server as the client reads. A body that cannot be
 * finished fails, so that the connection is reset and no client mistakes a part for the whole.
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

/** Bytes of a chunk of a body that is not resumed. */
const UNRESUMED_CHUNK = 64 * 1024;

/** What `responseBody` needs. */
export interface DataAnswer {
  readonly reader: ResumingReader;
  readonly trace: Trace;
  /** `Content-Length` in bytes; null if unknown. */
  readonly length: number | null;
  readonly chunkSize: ChunkSize;
  readonly callers: SlowCallers;
  /** The key of the download in `callers`. */
  readonly caller: object;
  readonly connection: UpstreamConnection;
  /** Whether the consumer of the stream no longer needs a chunk when it asks for the next one. */
  readonly freesChunks: boolean;
}

/**
 * Makes a stream of the bytes of a reader.
 *
 * The last chunk is held back until the reader has verified all of them: a client that has received
 * `Content-Length` bytes would not notice an error after them.
 */
export function responseBody(answer: DataAnswer): ReadableStream<Chunk> {
  const { reader, trace, length, chunkSize, callers, caller, connection, freesChunks } = answer;
  trace.streams();
  const ownChunks = new WeakSet<Chunk>();
  let held: Chunk | null = null;
  let delivered: Chunk | null = null;
  const next = async () => {
    const memory = new Uint8Array(chunkSize.next());
    const chunk = await reader.read(memory);
    if (chunk === null) return null;
    reader.report();
    // If the memory is not detached, the reader returned a chunk of another owner.
    if (freesChunks && memory.byteLength === 0) ownChunks.add(chunk);
    return chunk;
  };
  const stream = new ReadableStream<Chunk>({
    async pull(controller) {
      callers.active(caller);
      // Node 20 has no `transfer`.
      if (delivered !== null && ownChunks.has(delivered)) delivered.buffer.transfer?.(0);
      try {
        const ready = held ?? await next();
        held = ready === null ? null : await next();
        delivered = ready;
        if (ready !== null) controller.enqueue(ready);
        if (held !== null) {
          chunkSize.delivered(held.byteLength);
          return callers.idle(caller, held.byteLength, connection);
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

/** A server's response body that is forwarded to the client. */
export interface OwnBody {
  /** Its reads fail after `stallTimeout` without a byte. */
  readonly source: Pick<RangeResponse, "reader" | "server" | "close">;
  readonly imageId: string;
  /** `Content-Length` in bytes; null if unknown. */
  readonly length: number | null;
  readonly trace: Trace;
}

/** Forwards the body of one server and counts its bytes, so that the log tells how it ended. */
export function countedBody(
  { source: { reader, server, close }, imageId, length, trace }: OwnBody,
): ReadableStream<Chunk> {
  trace.streams();
  let count = 0;
  const stream = new ReadableStream<Chunk>({
    async pull(controller) {
      try {
        const chunk = await reader.read(new Uint8Array(UNRESUMED_CHUNK));
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
    `Cannot read image "${imageId}": the server "${server}" sent more than its Content-Length of ${length} bytes`,
    { imageId, server },
  );
}

/** Records why a body failed. Runtimes print the error that it returns; the details are in the log. */
function cut(trace: Trace, error: unknown): Error {
  trace.failed(error);
  trace.over("cut");
  return new Error("Cannot finish the response: no server could deliver the rest");
}
