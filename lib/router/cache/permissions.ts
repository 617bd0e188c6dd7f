/**
 * Asks Glance whether a reader may read the data of an image, before a cached byte is sent. The record does not say
 * it: by default, `get_image` needs the role reader, `download_image` the role member.
 */
import type { GlanceImage } from "../../api/types.ts";
import { readerOf, Verdicts } from "../../cache/authorization.ts";
import type { DefinedResponse, UpstreamResponse } from "../forward/upstream_response.ts";
import type { Gateway, GatewayRequest } from "../gateway_request.ts";
import type { CacheCode } from "./cache_code.ts";

/**
 * A range after the end of every image. Glance checks policies and the status of the image before it rejects the
 * range with 416, and does not open its store.
 */
const AFTER_THE_END = `bytes=${Number.MAX_SAFE_INTEGER}-`;

const FIRST_BYTE = "bytes=0-0";

/** What Glance has answered for a reader: the record, and the refusal of the data, if there is one. */
interface PermissionAnswer {
  readonly record: DefinedResponse;
  readonly refusal: UpstreamResponse | null;
  readonly askedAt: number;
}

/** Remembers what Glance allows, for a short time. */
export class Permissions {
  readonly #gateway: Gateway;
  readonly #code: CacheCode;
  readonly #ttl: number;
  /** Questions without an answer yet: requests with the same token that come together ask once. */
  readonly #asking = new Map<string, Promise<PermissionAnswer>>();
  /** The records of images whose data a reader may read. */
  readonly #verdicts: Verdicts<DefinedResponse>;

  constructor(gateway: Gateway, ttl: number, code: CacheCode) {
    this.#gateway = gateway;
    this.#code = code;
    this.#ttl = ttl;
    this.#verdicts = new Verdicts(ttl, gateway.client.options.now);
  }

  /** The record of an image whose data the reader may read, or Glance's refusal. */
  async record(
    call: GatewayRequest,
    request: () => Promise<DefinedResponse>,
  ): Promise<DefinedResponse | Response> {
    const { metrics } = this.#gateway;
    const { authToken, serviceToken } = call.context;
    const imageId = call.address.values["image_id"] ?? "";
    const reader = await readerOf(this.#code.createHasher, imageId, [authToken, serviceToken]);
    const known = this.#verdicts.get(reader);
    if (known !== null) {
      metrics.counters?.add("cache_authorizations_total", { result: "remembered" });
      return known;
    }
    const asking = this.#asking.get(reader);
    const joined = asking === undefined ? null : await this.#timely(asking);
    const { record, refusal, askedAt } = joined ?? await this.#question(reader, call, request);
    const isData = record.status === 200 && (record.result as GlanceImage).status === "active";
    if (!isData) return record;
    const result = refusal !== null ? "refused" : joined !== null ? "remembered" : "allowed";
    metrics.counters?.add("cache_authorizations_total", { result });
    if (refusal !== null) return await this.#code.documentResponse(this.#gateway, call, refusal);
    this.#verdicts.set(reader, record, askedAt);
    return record;
  }

  /** The answer to the question of another request; null if it fails, or comes too late. */
  async #timely(asking: Promise<PermissionAnswer>): Promise<PermissionAnswer | null> {
    const answer = await asking.catch(() => null);
    const { now } = this.#gateway.client.options;
    return answer !== null && now() - answer.askedAt < this.#ttl ? answer : null;
  }

  async #question(
    reader: string,
    call: GatewayRequest,
    request: () => Promise<DefinedResponse>,
  ): Promise<PermissionAnswer> {
    const askedAt = this.#gateway.client.options.now();
    const answers = Promise.all([request(), this.#refusal(call)]);
    const asking = answers.then(([record, refusal]) => ({ record, refusal, askedAt }));
    if (this.#ttl > 0) this.#asking.set(reader, asking);
    try {
      return await asking;
    } finally {
      if (this.#asking.get(reader) === asking) this.#asking.delete(reader);
    }
  }

  /** Glance's refusal to let a reader read the data; null if it may. */
  async #refusal(call: GatewayRequest): Promise<UpstreamResponse | null> {
    const response = await this.#ask(call, AFTER_THE_END);
    if (response === null || [401, 403, 404].includes(response.status)) return response;
    // A server that judges the range in another way is asked for a byte.
    return response.status === 416 ? null : await this.#ask(call, FIRST_BYTE);
  }

  /** Requests a range of the data; null if data is sent, which is discarded. */
  async #ask(call: GatewayRequest, range: string): Promise<UpstreamResponse | null> {
    const headers = new Headers(call.request.headers);
    headers.set("range", range);
    headers.delete("content-range");
    const request = new Request(call.request.url, { headers });
    try {
      return await this.#code.requestErrorResponse(this.#gateway, { ...call, request }, []);
    } catch (error) {
      // Data was sent.
      if (error instanceof Error && error.name === "UnexpectedResponse") return null;
      throw error;
    }
  }
}
