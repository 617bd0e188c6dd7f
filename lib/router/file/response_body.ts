/**
 * Response bodies with image data. Bytes are read from a server as the client reads. A body that cannot be
 * finished fails, so that the connection is reset and no client mistakes a part for the whole.
 */
import type { RangeResponse } from "../../transfer/download/range_response.ts";
import type { Chunk } from "../../transfer/body_reader.ts";
import { fixedLength } from "../../http/fixed_length.ts";
import type { ResumingReader } from "../../transfer/download/resuming_reader.ts";
import { endedEarly } from "../../transfer/range_errors.ts";
import { ServerUnreachable } from "../../errors.ts";
import type { Admission } from "./admission.ts";
import type { IdleUpstreams, UpstreamConnection } from "./idle_upstreams.ts";
import type { RequestRecorder } from "../observe/access_log.ts";

/** Bytes of a chunk before and after the client has received `PROBE_BYTES`. */
const PROBE_CHUNK = 16 * 1024;
const FULL_CHUNK = 256 * 1024;

/** Bytes after which a client is known to read: more than the network buffers for a stalled client. */
const PROBE_BYTES = 8 * 1024 * 1024;

/** Bytes of a chunk of a forwarded body that is not resumed. */
const PASSED_CHUNK = 64 * 1024;

/** The input of `responseBody`. */
export interface DataResponseInput {
  readonly reader: ResumingReader;
  readonly recorder: RequestRecorder;
  /** `Content-Length` in bytes; null if unknown. */
  readonly length: number | null;
  readonly admission: Admission;
  readonly upstreams: IdleUpstreams;
  /** The key of the download in `admission` and `upstreams`. */
  readonly download: object;
  readonly connection: UpstreamConnection;
  /** Whether no other code keeps a chunk after it reads the next one, so that its memory can be freed. */
  readonly mayReuseChunks: boolean;
}

/**
 * Creates a stream from a reader.
 *
 * The reader verifies all bytes before the last chunk is sent: a client that has received `Content-Length` bytes does
 * not see a later error.
 */
export function responseBody(input: DataResponseInput): ReadableStream<Chunk> {
  const { reader, recorder, length, admission, upstreams, download, connection, mayReuseChunks } =
    input;
  recorder.startStreaming();
  let sent = 0;
  let copied: Chunk | null = null;
  const next = async () => {
    const memory = new Uint8Array(sent < PROBE_BYTES ? PROBE_CHUNK : FULL_CHUNK);
    const chunk = await reader.read(memory);
    if (chunk !== null) reader.report();
    // If the buffer was not detached, the chunk is in other memory.
    copied = mayReuseChunks && memory.byteLength === 0 ? chunk : null;
    return chunk;
  };
  const stream = new ReadableStream<Chunk>({
    async pull(controller) {
      upstreams.active(download);
      // Freed now, because late garbage collection costs 50 % more CPU time. Node 20 has no `transfer`.
      copied?.buffer.transfer?.(0);
      try {
        const chunk = await next();
        sent += chunk?.byteLength ?? 0;
        const isLast = chunk === null ||
          sent === length && await reader.read(new Uint8Array(1)) === null;
        if (chunk !== null) controller.enqueue(chunk);
        if (!isLast) {
          if (sent >= PROBE_BYTES) admission.release(download);
          return upstreams.idle(download, connection);
        }
        recorder.end("complete");
        controller.close();
      } catch (error) {
        throw recordFailure(recorder, error);
      }
    },
    async cancel(reason) {
      recorder.end("canceled");
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return fixedLength(stream, length);
}

/** A server's response body that is forwarded to the client. */
export interface ServerBody {
  /** Its reads fail after `stallTimeout` without a byte. */
  readonly source: Pick<RangeResponse, "reader" | "server" | "close">;
  readonly imageId: string;
  /** `Content-Length` in bytes; null if unknown. */
  readonly length: number | null;
  readonly recorder: RequestRecorder;
}

/** Forwards the body of one server and counts its bytes, so that the log shows how it ended. */
export function countedBody(
  { source: { reader, server, close }, imageId, length, recorder }: ServerBody,
): ReadableStream<Chunk> {
  recorder.startStreaming();
  let count = 0;
  const stream = new ReadableStream<Chunk>({
    async pull(controller) {
      try {
        const chunk = await reader.read(new Uint8Array(PASSED_CHUNK));
        count += chunk?.byteLength ?? 0;
        if (length !== null && (chunk === null ? count < length : count > length)) {
          throw chunk === null
            ? endedEarly(imageId, server, count)
            : sentTooMuch(imageId, server, length);
        }
        if (chunk === null) {
          recorder.end("complete");
          await close("the response is complete");
          return controller.close();
        }
        recorder.sent(chunk.byteLength, server, 0);
        controller.enqueue(chunk);
      } catch (error) {
        await close(error);
        throw recordFailure(recorder, error);
      }
    },
    async cancel(reason) {
      recorder.end("canceled");
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

/** Records why a body failed. Runtimes print the returned error; the details are in the log. */
function recordFailure(recorder: RequestRecorder, error: unknown): Error {
  recorder.failed(error);
  recorder.end("aborted");
  return new Error("Cannot finish the response: no server could deliver the rest");
}
