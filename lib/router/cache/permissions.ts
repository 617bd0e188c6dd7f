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

/** Remembers what Glance allows, for a short time. */
export class Permissions {
  readonly #gateway: Gateway;
  readonly #code: CacheCode;
  /** The records of images whose data a reader may read. */
  readonly #verdicts: Verdicts<DefinedResponse>;

  constructor(gateway: Gateway, ttl: number, code: CacheCode) {
    this.#gateway = gateway;
    this.#code = code;
    this.#verdicts = new Verdicts(ttl, gateway.client.options.now);
  }

  /** The record of an image whose data the reader may read, or Glance's refusal. */
  async record(
    call: GatewayRequest,
    request: () => Promise<DefinedResponse>,
  ): Promise<DefinedResponse | Response> {
    const { client, metrics } = this.#gateway;
    const { authToken, serviceToken } = call.context;
    const imageId = call.address.values["image_id"] ?? "";
    const reader = await readerOf(this.#code.createHasher, imageId, [authToken, serviceToken]);
    const known = this.#verdicts.get(reader);
    if (known !== null) {
      metrics.add("cache_authorizations_total", { result: "remembered" });
      return known;
    }
    const askedAt = client.options.now();
    const [record, refusal] = await Promise.all([request(), this.#refusal(call)]);
    const isData = record.status === 200 && (record.result as GlanceImage).status === "active";
    if (!isData) return record;
    metrics.add("cache_authorizations_total", { result: refusal === null ? "allowed" : "refused" });
    if (refusal !== null) return this.#code.documentResponse(this.#gateway, call, refusal);
    this.#verdicts.set(reader, record, askedAt);
    return record;
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
