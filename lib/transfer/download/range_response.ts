/**
 * Opens the body of one response with image data: a reader with a stall timeout, and the range of the image in it.
 */
import { GlanceError } from "../../errors.ts";
import type { OpenResponse } from "../../http/request_spec.ts";
import type { ResolvedOptions } from "../../options.ts";
import { type BodyReader, readerOf } from "../body_reader.ts";
import {
  checkRange,
  parseContentRange,
  type RangeResponseFacts,
  type RequestedRange,
} from "../../http/byte_range.ts";
import { type BodySpan, spanOf } from "./response_policy.ts";
import { interrupted, RangeRefused } from "../range_errors.ts";
import { StallTimer } from "../stall_timer.ts";
import { optionPart } from "../../message_parts.ts";

/** Code that is passed to the parser of `multipart/byteranges`. */
const MULTIPART_CODE = { checkRange, parseContentRange, refused, spanOf };

/** An open body and the range of the image in it. */
export interface RangeResponse extends BodySpan {
  /** Reads the body; a read rejects after `stallTimeout` without a byte. */
  readonly reader: BodyReader;
  /** Endpoint root of its server. */
  readonly server: string;
  /** Whether it is the response to a range request. */
  readonly isRange: boolean;
  /** Whether its headers prove that it has the data of the record. */
  readonly isSame: boolean;
  /** Reports a break after `progress` bytes; false if no further request is allowed. */
  reportBreak(cause: unknown, progress: number): boolean;
  /** Closes the body; unread bytes are discarded. */
  close(reason: unknown): Promise<void>;
}

/** A reader of the body of a response, before its range is checked. */
export function openBody(
  { response, server, deadline, reportBreak }: OpenResponse,
  imageId: string,
  options: ResolvedOptions,
): Pick<RangeResponse, "reader" | "server" | "reportBreak" | "close"> {
  const { endpoint } = server;
  const reader = readerOf(response.body ?? new Blob([]).stream(), deadline.signal);
  const timer = new StallTimer(deadline, options, () =>
    interrupted(
      imageId,
      `the server "${endpoint}" sent nothing for ${options.stallTimeout} ms; raise "stallTimeout" if it is slow`,
      { messageParts: [optionPart("stallTimeout")], server: endpoint },
    ));
  return {
    reader: {
      async read(into) {
        timer.begin();
        try {
          return await reader.read(into);
        } finally {
          timer.end();
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    server: endpoint,
    reportBreak,
    async close(reason) {
      timer[Symbol.dispose]();
      deadline.abort(reason);
      deadline[Symbol.dispose]();
      await reader.cancel(reason).catch(() => {});
    },
  };
}

/**
 * Opens the part of a `multipart/byteranges` body that has the requested bytes, or the first of them.
 *
 * @throws {RangeRefused} if there is no such part; the body is closed
 */
export async function openBodyPart(
  response: RangeResponse,
  boundary: string,
  requested: RequestedRange,
  imageId: string,
): Promise<RangeResponse> {
  try {
    // Imported on demand: few servers send such a body.
    const { openPart } = await import("./multipart.ts");
    return await openPart(response, boundary, requested, imageId, MULTIPART_CODE);
  } catch (error) {
    await response.close(error);
    if (error instanceof GlanceError) throw error;
    throw refused(
      imageId,
      response.server,
      "the connection closed before the requested bytes",
      true,
      error,
    );
  }
}

/** The status and headers of a response that state which bytes it has. */
export function factsOf({ response: { status, headers } }: OpenResponse): RangeResponseFacts {
  return {
    status,
    contentRange: headers.get("content-range"),
    contentLength: headers.get("content-length"),
    contentEncoding: headers.get("content-encoding"),
    contentType: headers.get("content-type"),
  };
}

/** Creates the error for a response that cannot be used. */
export function refused(
  imageId: string,
  server: string,
  reason: string,
  isRange: boolean,
  cause?: unknown,
): RangeRefused {
  return new RangeRefused(
    `Cannot use the response of "${server}" for image "${imageId}": ${reason}`,
    cause === undefined ? { imageId, server } : { imageId, server, cause },
    isRange,
  );
}
