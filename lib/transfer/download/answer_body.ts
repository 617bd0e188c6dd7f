/**
 * One stretch of an image, as the body of one answer gives it: where its bytes belong, and how they are
 * read with a limit on silence.
 *
 * @module
 */
import { GlanceError, ServerUnreachable } from "../../errors.ts";
import type { OpenResponse } from "../../http/attempt.ts";
import type { ResolvedOptions } from "../../options.ts";
import { type BodyReader, readerOf } from "../body_reader.ts";
import {
  type AnswerFacts,
  judgeRange,
  type RangeVerdict,
  type WantedRange,
} from "../../http/byte_range.ts";
import { findBodyPart } from "./multipart.ts";
import { RangeRefused } from "./resume_policy.ts";
import { StallTimer } from "../stall_timer.ts";

/** An open body and what is known of it. */
export interface RangeResponse {
  /** Its bytes; a read ends with an error after `stallTimeout` without one. */
  readonly reader: BodyReader;
  /** Endpoint root of the server that gives it. */
  readonly server: string;
  /** The byte of the image with which it starts. */
  readonly from: number;
  /** Bytes before the wanted ones, to be read and dropped. */
  readonly skip: number;
  /** The byte of the image before which it ends; null if its answer does not tell. */
  readonly stop: number | null;
  /** Whether it answers a range. */
  readonly isRange: boolean;
  /** Notes that it broke after so many bytes; false if no further request may be made. */
  broke(cause: unknown, progress: number): boolean;
  /** Ends it; what was not read is given up. */
  close(reason: unknown): Promise<void>;
}

/** Where the bytes of a body belong. */
export type Stretch = Pick<RangeResponse, "from" | "skip" | "stop">;

/** The body of an answer as a reader; what it belongs to is still to be judged. */
export function openBody(
  { response, server, deadline, reportBreak: broke }: OpenResponse,
  imageId: string,
  options: ResolvedOptions,
): Pick<RangeResponse, "reader" | "server" | "broke" | "close"> {
  const { endpoint } = server;
  const reader = readerOf(response.body ?? new Blob([]).stream(), deadline.signal);
  const watch = new StallTimer(deadline, options, () =>
    new ServerUnreachable(
      `Cannot go on reading image "${imageId}": the server "${endpoint}" sent nothing for ${options.stallTimeout} ms; raise "stallTimeout" if it is slow`,
      { imageId, server: endpoint },
    ));
  return {
    reader: {
      async read(into) {
        watch.begin();
        try {
          return await reader.read(into);
        } finally {
          watch.end();
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    server: endpoint,
    broke,
    async close(reason) {
      watch[Symbol.dispose]();
      deadline.abort(reason);
      deadline[Symbol.dispose]();
      await reader.cancel(reason).catch(() => {});
    },
  };
}

/**
 * The part of a `multipart/byteranges` body with the requested bytes, or with the first of them.
 *
 * @throws {RangeRefused} if there is none; the body is closed then
 */
export async function openBodyPart(
  piece: RangeResponse,
  boundary: string,
  wanted: WantedRange,
  imageId: string,
): Promise<RangeResponse> {
  try {
    const part = await findBodyPart(piece.reader, boundary, wanted.start);
    const length = part === null ? 0 : part.range.end - part.range.start + 1;
    const verdict = part && judgeRange(part.range, length, wanted);
    if (part === null || verdict === null || verdict.kind === "lie") {
      throw refused(imageId, piece.server, "it has no part with the requested bytes", true);
    }
    return { ...piece, ...stretchOf(verdict, wanted), reader: part.reader };
  } catch (error) {
    await piece.close(error);
    if (error instanceof GlanceError) throw error;
    throw refused(imageId, piece.server, "it broke off before the requested bytes", true, error);
  }
}

/** The headers of an answer that say which bytes it has. */
export function factsOf({ response: { status, headers } }: OpenResponse): AnswerFacts {
  return {
    status,
    contentRange: headers.get("content-range"),
    contentLength: headers.get("content-length"),
    contentEncoding: headers.get("content-encoding"),
    contentType: headers.get("content-type"),
  };
}

/** Where the bytes of an answer to a range belong. */
export function stretchOf(verdict: RangeVerdict, { start, end, size }: WantedRange): Stretch {
  if (verdict.kind === "whole") return { from: 0, skip: start, stop: size };
  if (verdict.kind !== "overlap") return { from: start, skip: 0, stop: end + 1 };
  const { from, stop } = verdict;
  return { from, skip: start - from, stop };
}

/** The error for an answer that cannot be used. */
export function refused(
  imageId: string,
  server: string,
  reason: string,
  isRange: boolean,
  cause?: unknown,
): RangeRefused {
  return new RangeRefused(
    `Cannot use the answer of "${server}" for image "${imageId}": ${reason}`,
    { imageId, server, ...cause !== undefined && { cause } },
    isRange,
  );
}
