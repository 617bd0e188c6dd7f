/**
 * The request for the data of an image, sent at the same time as the one for its record: the first byte takes one
 * round trip to Glance instead of two. The response is used only after the record has arrived and matches it.
 */
import { READ_IMAGE_DATA } from "../../api/operations/data.ts";
import type { ApiClient } from "../../api/api_client.ts";
import type { ByteRange } from "../../http/byte_range.ts";
import type { OpenResponse } from "../../http/request_spec.ts";
import { discard } from "../../http/transport.ts";
import type { EarlyResponse } from "../../transfer/download/range_source.ts";
import { RangeSupportCache } from "../../transfer/range_support_cache.ts";
import { type Gateway, type GatewayRequest, preferOf } from "../gateway_request.ts";
import { earlyRangeOf } from "./conditions.ts";

/**
 * Requests the data with the token of the request. Returns null if the record decides which data is needed, or if a
 * range is needed and any store or server is known not to support ranges. Also returns null while downloads wait for
 * admission, because it takes a second connection.
 */
export function requestEarly(
  { client, admission, smallAdmission }: Gateway,
  call: GatewayRequest,
): EarlyRequest | null {
  if (call.request.method !== "GET" || admission.isContended || smallAdmission.isContended) {
    return null;
  }
  const range = earlyRangeOf(call.request.headers);
  if (range === null) return null;
  const isRefused = !isWhole(range) && client.shared(RangeSupportCache).hasRefusals;
  return isRefused ? null : new EarlyRequest(client, call, range);
}

/** A request for data whose response is used or discarded. */
class EarlyRequest implements EarlyResponse {
  readonly #range: ByteRange;
  readonly #lifetime = new AbortController();
  #opened: Promise<OpenResponse> | null;

  constructor(client: ApiClient, call: GatewayRequest, range: ByteRange) {
    this.#range = range;
    const { context, address: { values } } = call;
    const request = { range: isWhole(range) ? undefined : range, prefer: preferOf(call) };
    const { signal } = this.#lifetime;
    const opened = client.open(context, READ_IMAGE_DATA, [values["image_id"] ?? "", request], {
      signal,
    });
    // An error matters only if the response is used.
    opened.catch(() => {});
    this.#opened = opened;
  }

  async take(
    range: ByteRange | undefined,
    size: number | null,
    signal: AbortSignal | undefined,
  ): Promise<OpenResponse | null> {
    const opened = this.#opened;
    if (opened === null || !isSame(this.#range, range, size)) return null;
    this.#opened = null;
    const abort = () => this.#lifetime.abort(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) abort();
    // A refused range does not mean that the whole image is refused.
    const mayAskAgain = range === undefined && !isWhole(this.#range);
    const open = await (mayAskAgain ? opened.catch(() => null) : opened);
    if (open?.response.status !== 204) return open;
    // According to the record, which is younger, there is data now.
    this.#opened = opened;
    return null;
  }

  /** Cancels the request, unless its response is used. */
  async discard(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    if (opened === null) return;
    this.#lifetime.abort();
    const { response, deadline } = await opened.catch(() => ({ response: null, deadline: null }));
    if (response !== null) await discard(response);
    deadline?.[Symbol.dispose]();
  }
}

/** Whether the early request and the range that is needed select the same bytes of an image of `size` bytes. */
function isSame(early: ByteRange, needed: ByteRange | undefined, size: number | null): boolean {
  const { start, end } = needed ?? { start: 0 };
  const last = (end: number | undefined) => Math.min(end ?? Infinity, (size ?? Infinity) - 1);
  // The response to a request without a range has no `Content-Range`.
  if (needed !== undefined && isWhole(early)) return false;
  return early.start === start && last(early.end) === last(end);
}

function isWhole({ start, end }: ByteRange): boolean {
  return start === 0 && end === undefined;
}
