/**
 * The source of image data from Glance: selects the request and the server, checks which bytes the response has, and
 * caches what it proves about range support.
 */
import { READ_IMAGE_DATA } from "../../api/operations/data.ts";
import { GET_IMAGE } from "../../api/operations/images.ts";
import type { Session } from "../../api/session.ts";
import { GlanceError, ImageDownloadFailed } from "../../errors.ts";
import type { ByteRange, Proof, RequestedRange } from "../../http/byte_range.ts";
import { abortable } from "../../http/deadline.ts";
import type { CallPolicy, OpenResponse } from "../../http/request_spec.ts";
import { discard } from "../../http/transport.ts";
import { type ContentDescriptor, descriptorOf, isSameData } from "../integrity/descriptor.ts";
import { factsOf, openBody, openBodyPart, type RangeResponse, refused } from "./range_response.ts";
import { Candidates, type NextRequest } from "./candidates.ts";
import { type BodySpan, checkMd5, rangeAction, wholeAction } from "./response_policy.ts";
import { RangeSupportCache } from "../range_support_cache.ts";
import { type RangeRefused, RangesUnavailable } from "../range_errors.ts";

/** A source of image data, from any offset. */
export interface RangeSource {
  /** Describes the data; every response must match it. */
  readonly identity: ContentDescriptor;
  /** The servers and their failures. */
  readonly candidates: Candidates;
  /** Whether the caller chose the stores. */
  readonly hasPrefer: boolean;
  /**
   * Opens the image at an offset.
   *
   * With a `retryTime` (milliseconds), each server gets at most one request, and a longer `Retry-After` is not awaited;
   * without one, the usual retry rules apply.
   *
   * @throws {RangeRefused} if the response cannot be used; that of another server may be usable.
   * @throws {GlanceError} if the request fails; `classifyFailure` decides what follows.
   */
  open(
    start: number,
    signal: AbortSignal,
    proof: Proof,
    retryTime?: number,
  ): Promise<RangeResponse>;
}

/** The response to a request for data that was sent before the record was known. */
export interface EarlyResponse {
  /**
   * Takes the response; null if it was taken before, or the request was for other bytes than `range`
   * (undefined: the whole image).
   *
   * @throws the error of the request.
   */
  take(
    range: ByteRange | undefined,
    size: number | null,
    signal: AbortSignal | undefined,
  ): Promise<OpenResponse | null>;
}

/** Options of a {@linkcode GlanceRangeSource}. */
export interface RangeSourceOptions {
  /** Offset of the last requested byte; null for the end of the image. */
  readonly end: number | null;
  /** The `stores` of the image record. */
  readonly stores: string;
  readonly prefer: readonly string[] | undefined;
  /** Endpoint root of the preferred server. */
  readonly first?: string | undefined;
  /**
   * The servers, shared by the sources of one download.
   * Default: a new set of candidates.
   */
  readonly candidates?: Candidates;
  /**
   * Whether the whole image is never requested, so that parallel sources do not each read all of it.
   * Default: `false`.
   */
  readonly rangesOnly?: boolean | undefined;
  /** A response that replaces the first request if its range is the same. */
  readonly early?: EarlyResponse | null | undefined;
}

/** The span of a `multipart/byteranges` body, whose parts state their own. */
const UNKNOWN_SPAN: BodySpan = { bodyStart: 0, skipBytes: 0, endExclusive: null };

/** Reads an image from the servers of a session. */
export class GlanceRangeSource implements RangeSource {
  readonly identity: ContentDescriptor;
  readonly candidates: Candidates;
  readonly hasPrefer: boolean;
  readonly #session: Session;
  readonly #options: RangeSourceOptions;
  readonly #stores: string;
  readonly #ranges: RangeSupportCache;

  constructor(session: Session, identity: ContentDescriptor, options: RangeSourceOptions) {
    this.#session = session;
    this.identity = identity;
    this.#options = options;
    this.candidates = options.candidates ?? new Candidates();
    this.hasPrefer = options.prefer !== undefined;
    // Preferred stores get an entry of their own, since their range support proves nothing about others.
    this.#stores = [options.stores, ...options.prefer ?? []].join(" ");
    this.#ranges = session.client.shared(RangeSupportCache);
  }

  /** Whether the store is known to support ranges. */
  get supportsRanges(): boolean {
    return this.#ranges.supportsRanges(this.#stores);
  }

  /** Whether a server is left that may send a range. */
  async maySupportRanges(signal: AbortSignal): Promise<boolean> {
    return (await this.#next(signal, true)).kind === "range";
  }

  async open(
    start: number,
    signal: AbortSignal,
    proof: Proof,
    retryTime?: number,
  ): Promise<RangeResponse> {
    const { size } = this.identity;
    const { end, first, rangesOnly = false } = this.#options;
    const last = end ?? (size === null ? null : size - 1);
    const isAll = start === 0 && (end === null || end + 1 === size) && !rangesOnly;
    const { kind, excluded, ...next } = await this.#next(signal, !isAll && last !== null);
    const once = this.candidates.servers.length - excluded.size - 1;
    const retries = retryTime === undefined ? undefined : once;
    const tried = new Set(next.tried);
    const { trace } = this.#session;
    const policy = { signal, trace, excluded, tried, first, retries, maxRetryAfter: retryTime };
    const response = kind === "whole" || last === null
      ? await this.#openWhole(start, policy)
      : await this.#openRange({ start, end: last, size }, proof, policy);
    if (start === 0 || response.isSame) return response;
    try {
      const ofRecord = { ...policy, tried: undefined, first: response.server };
      await checkSameData(this.#session, this.identity, ofRecord);
      return response;
    } catch (error) {
      await response.close(error);
      throw error;
    }
  }

  async #next(signal: AbortSignal, wantsRange: boolean): Promise<NextRequest> {
    const { client, context } = this.#session;
    const servers = await abortable(client.servers(context), signal);
    return this.candidates.next(
      servers.map(({ endpoint }) => endpoint),
      (server) => wantsRange && this.#ranges.maySupportRanges(server, this.#stores),
    );
  }

  async #openRange(
    range: RequestedRange,
    proof: Proof,
    policy: CallPolicy,
  ): Promise<RangeResponse> {
    const { imageId } = this.identity;
    const { rangesOnly = false } = this.#options;
    let opened: OpenResponse;
    try {
      opened = await this.#request(policy, range);
    } catch (error) {
      if (!(error instanceof GlanceError) || error.server === undefined) throw error;
      if (error.status === 416 && range.size !== null) {
        const reason = `it rejects ranges of the ${range.size} bytes`;
        throw refused(imageId, error.server, reason, true, error);
      }
      if (error.status !== 400) throw error;
      // Success without a range proves that the range caused the 400.
      if (rangesOnly) this.#ranges.recordIgnored(error.server, this.#stores);
      const response = await this.#openWithoutRange(range.start, error.server, policy);
      this.#ranges.recordRefused(error.server, this.#stores);
      return response;
    }
    const { endpoint } = opened.server;
    const { use, ignoresRange } = rangeAction(factsOf(opened), range, { proof, rangesOnly });
    if (ignoresRange) this.#ranges.recordIgnored(endpoint, this.#stores);
    if (use.kind === "request whole") {
      await release(opened);
      return await this.#openWithoutRange(range.start, endpoint, policy);
    }
    if (use.kind === "refuse") throw await refuse(opened, imageId, use.reason, true);
    const span = use.kind === "read" ? use.span : UNKNOWN_SPAN;
    let response = await this.#body(opened, span, true);
    if (use.kind !== "read") response = await openBodyPart(response, use.boundary, range, imageId);
    const { bodyStart, endExclusive } = response;
    if (bodyStart > 0 || endExclusive === range.end + 1) this.#ranges.recordPart(this.#stores);
    if (endExclusive !== null && endExclusive <= range.end) {
      this.candidates.recordShortPart(endpoint, endExclusive - range.start);
    }
    return response;
  }

  /** Requests the whole image from a server that cannot send a range. */
  async #openWithoutRange(
    start: number,
    server: string,
    policy: CallPolicy,
  ): Promise<RangeResponse> {
    this.candidates.refuseRange(server);
    if (this.#options.rangesOnly) {
      throw refused(this.identity.imageId, server, "it does not have the requested range", true);
    }
    const excluded = new Set(this.candidates.servers.filter((name) => name !== server));
    return await this.#openWhole(start, { ...policy, excluded, tried: new Set() });
  }

  async #openWhole(start: number, policy: CallPolicy): Promise<RangeResponse> {
    const { size, imageId } = this.identity;
    if (this.#options.rangesOnly) {
      throw new RangesUnavailable(
        `Cannot read image "${imageId}" in parts: no server supports ranges`,
      );
    }
    const opened = await this.#request(policy);
    if (opened.response.status === 204) throw noData(opened, imageId);
    const use = wholeAction(factsOf(opened), start, size);
    if (use.kind === "read") return await this.#body(opened, use.span, false);
    throw await refuse(opened, imageId, use.reason, false);
  }

  async #body(opened: OpenResponse, span: BodySpan, isRange: boolean): Promise<RangeResponse> {
    const { imageId } = this.identity;
    const md5 = opened.response.headers.get("content-md5");
    const check = checkMd5(md5, this.identity);
    if (check === "other") {
      const reason = `its MD5 is ${md5} instead of ${this.identity.checksum}`;
      throw await refuse(opened, imageId, reason, isRange);
    }
    const body = openBody(opened, imageId, this.#session.client.options);
    return { ...body, ...span, isRange, isSame: check === "same" };
  }

  async #request(policy: CallPolicy, range?: ByteRange): Promise<OpenResponse> {
    const { client, context } = this.#session;
    const { prefer, early } = this.#options;
    const { imageId, size } = this.identity;
    return await early?.take(range, size, policy.signal) ??
      await client.open(context, READ_IMAGE_DATA, [imageId, { range, prefer }], policy);
  }
}

async function refuse(
  opened: OpenResponse,
  imageId: string,
  reason: string,
  isRange: boolean,
): Promise<RangeRefused> {
  await release(opened);
  const error = refused(imageId, opened.server.endpoint, reason, isRange);
  opened.reportBreak(error, 0);
  return error;
}

function noData(
  { deadline, server, response }: OpenResponse,
  imageId: string,
): ImageDownloadFailed {
  deadline[Symbol.dispose]();
  return new ImageDownloadFailed(
    `Cannot download image "${imageId}": it has no data; upload its data first`,
    { imageId, status: response.status, server: server.endpoint },
  );
}

async function release({ response, deadline }: OpenResponse): Promise<void> {
  await discard(response);
  deadline[Symbol.dispose]();
}

/** Reads the record again, for a response that does not identify its data. */
async function checkSameData(
  { client, context }: Session,
  identity: ContentDescriptor,
  policy: CallPolicy,
): Promise<void> {
  const { imageId } = identity;
  const record = await client.request(context, GET_IMAGE, [imageId], policy);
  if (isSameData(identity, descriptorOf(record))) return;
  throw new ImageDownloadFailed(
    `Cannot continue reading image "${imageId}": its data was replaced; download it again`,
    { imageId },
  );
}
