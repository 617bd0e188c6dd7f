/**
 * Checks with Glance whether a reader may read the data of an image, before a cached byte is sent. Access to the
 * record is not enough: by default, `get_image` needs the role reader, `download_image` the role member.
 */
import type { GlanceImage } from "../../api/types.ts";
import { AccessDecisions, readerKey } from "../../cache/access_decisions.ts";
import type { DefinedResponse, UpstreamResponse } from "../forward/upstream_response.ts";
import type { Gateway, GatewayRequest } from "../gateway_request.ts";
import type { CacheCode } from "./cache_code.ts";

/**
 * A range after the end of every image. Glance checks policies and the status of the image before it rejects the
 * range with 416, and does not open its store.
 */
const AFTER_THE_END = `bytes=${Number.MAX_SAFE_INTEGER}-`;

const FIRST_BYTE = "bytes=0-0";

/** Glance's responses for a reader: the record, and the error response to the request for data, if any. */
interface PermissionResponse {
  readonly record: DefinedResponse;
  readonly refusal: UpstreamResponse | null;
  readonly requestedAt: number;
}

/** Checks permissions, and caches for a short time those that Glance granted. */
export class Permissions {
  readonly #gateway: Gateway;
  readonly #code: CacheCode;
  readonly #ttl: number;
  /** Checks in progress. Simultaneous requests with the same token share one. */
  readonly #pending = new Map<string, Promise<PermissionResponse>>();
  /** The records of images whose data a reader may read. */
  readonly #decisions: AccessDecisions<DefinedResponse>;

  constructor(gateway: Gateway, ttl: number, code: CacheCode) {
    this.#gateway = gateway;
    this.#code = code;
    this.#ttl = ttl;
    this.#decisions = new AccessDecisions(ttl, gateway.client.options.now);
  }

  /** The record of an image whose data the reader may read, or Glance's error response. */
  async record(
    call: GatewayRequest,
    request: () => Promise<DefinedResponse>,
  ): Promise<DefinedResponse | Response> {
    const { metrics } = this.#gateway;
    const { authToken, serviceToken } = call.context;
    const imageId = call.address.values["image_id"] ?? "";
    const reader = await readerKey(this.#code.createHasher, imageId, [authToken, serviceToken]);
    const known = this.#decisions.get(reader);
    if (known !== null) {
      metrics.counters?.add("cache_authorizations_total", { result: "remembered" });
      return known;
    }
    const pending = this.#pending.get(reader);
    const joined = pending === undefined ? null : await this.#join(pending);
    const { record, refusal, requestedAt } = joined ?? await this.#check(reader, call, request);
    const isData = record.status === 200 && (record.result as GlanceImage).status === "active";
    if (!isData) return record;
    const result = refusal !== null ? "refused" : joined !== null ? "remembered" : "allowed";
    metrics.counters?.add("cache_authorizations_total", { result });
    if (refusal !== null) return await this.#code.documentResponse(this.#gateway, call, refusal);
    this.#decisions.set(reader, record, requestedAt);
    return record;
  }

  /** The result of the check of another request; null if the check fails, or has expired when it ends. */
  async #join(pending: Promise<PermissionResponse>): Promise<PermissionResponse | null> {
    const response = await pending.catch(() => null);
    const { now } = this.#gateway.client.options;
    return response !== null && now() - response.requestedAt < this.#ttl ? response : null;
  }

  async #check(
    reader: string,
    call: GatewayRequest,
    request: () => Promise<DefinedResponse>,
  ): Promise<PermissionResponse> {
    const requestedAt = this.#gateway.client.options.now();
    const responses = Promise.all([request(), this.#refusal(call)]);
    const pending = responses.then(([record, refusal]) => ({ record, refusal, requestedAt }));
    if (this.#ttl > 0) this.#pending.set(reader, pending);
    try {
      return await pending;
    } finally {
      if (this.#pending.get(reader) === pending) this.#pending.delete(reader);
    }
  }

  /** Glance's error response to a reader that may not read the data; null if it may. */
  async #refusal(call: GatewayRequest): Promise<UpstreamResponse | null> {
    const response = await this.#requestRange(call, AFTER_THE_END);
    if (response === null || [401, 403, 404].includes(response.status)) return response;
    // A server that does not reject such a range gets a request for one byte.
    return response.status === 416 ? null : await this.#requestRange(call, FIRST_BYTE);
  }

  /** Requests a range of the data; null if data is sent, which is discarded. */
  async #requestRange(call: GatewayRequest, range: string): Promise<UpstreamResponse | null> {
    const headers = new Headers(call.request.headers);
    headers.set("range", range);
    headers.delete("content-range");
    const request = new Request(call.request.url, { headers });
    return await this.#code.requestErrorResponse(this.#gateway, { ...call, request });
  }
}
