/**
 * Sources of image data from Glance: selects the request and the server, checks which bytes the response
 * has, and remembers what it proves about ranges.
 *
 * @module
 */
import type { RequestContext } from "../../context.ts";
import { GlanceError, ImageDownloadFailed } from "../../errors.ts";
import type { GlanceClientWrapper } from "../../api/client.ts";
import { abortable } from "../../http/deadline.ts";
import type { OpenResponse } from "../../http/request_spec.ts";
import { discard } from "../../http/transport.ts";
import {
  factsOf,
  openBody,
  openBodyPart,
  type RangeResponse,
  refused,
  type Stretch,
  stretchOf,
} from "./answer_body.ts";
import {
  type ByteRange,
  isUsable,
  judgePartial,
  lengthOf,
  type Proof,
  type WantedRange,
} from "../../http/byte_range.ts";
import { Candidates, type Question } from "./candidates.ts";
import { type ContentDescriptor, descriptorOf, isSameData } from "../integrity/descriptor.ts";
import { RangeMemory } from "./range_memory.ts";
import { classifyBreak, type RangeRefused, RangesUnavailable } from "./resume_policy.ts";

/** For requests whose bytes are not used. */
const NO_PROOF: Proof = { isHashed: false, canCompare: false };

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
   * @throws {RangeRefused} if the response cannot be used, and that of another server may be usable.
   * @throws {GlanceError} if the request fails; `classifyBreak` decides what follows.
   */
  open(start: number, signal: AbortSignal, proof: Proof): Promise<RangeResponse>;
}

const MEMORIES = new WeakMap<GlanceClientWrapper, RangeMemory>();

/** Options of a {@linkcode GlanceRangeSource}. */
export interface RangeSourceOptions {
  /** Offset of the last requested byte; null for the end of the image. */
  readonly end: number | null;
  /** The `stores` of the image record. */
  readonly stores: string;
  readonly prefer: readonly string[] | undefined;
  /** Endpoint root of the preferred server. */
  readonly first?: string;
  /**
   * The servers, shared by the sources of one download.
   * @default {a new set of candidates}
   */
  readonly candidates?: Candidates;
  /**
   * Whether the whole image is never requested, so that parallel sources do not each read all of it.
   * @default {false}
   */
  readonly rangesOnly?: boolean;
}

/** Reads an image from the servers of a client. */
export class GlanceRangeSource implements RangeSource {
  readonly identity: ContentDescriptor;
  readonly candidates: Candidates;
  readonly hasPrefer: boolean;
  readonly #client: GlanceClientWrapper;
  readonly #context: RequestContext;
  readonly #options: RangeSourceOptions;
  readonly #stores: string;
  readonly #memory: RangeMemory;

  constructor(
    client: GlanceClientWrapper,
    context: RequestContext,
    identity: ContentDescriptor,
    options: RangeSourceOptions,
  ) {
    this.#client = client;
    this.#context = context;
    this.identity = identity;
    this.#options = options;
    this.candidates = options.candidates ?? new Candidates();
    this.hasPrefer = options.prefer !== undefined;
    // Preferred stores get an entry of their own: what they cannot do proves nothing about the others.
    this.#stores = [options.stores, ...options.prefer ?? []].join(" ");
    this.#memory = MEMORIES.get(client) ?? new RangeMemory(client.options);
    MEMORIES.set(client, this.#memory);
  }

  /** Whether the store can seek. Requests the first byte if that is unknown. */
  async canSeek(signal: AbortSignal): Promise<boolean> {
    if (this.#memory.isSeekable(this.#stores)) return true;
    for (;;) {
      const next = await this.#next(signal);
      if (next.kind === "whole") return false;
      try {
        const { response } = await this.#openRange(0, 0, NO_PROOF, next, signal);
        await response.close("the store can seek or not");
        if (response.isRange && response.stop === 1) return true;
        this.candidates.refuseRange(response.server);
      } catch (error) {
        const { hasPrefer, candidates: { servers }, identity: { imageId } } = this;
        const standing = { imageId, offset: 0, hasBegun: false, isSized: true, hasPrefer, servers };
        const broke = classifyBreak(error, { ...standing, response: null });
        if (broke.kind === "final") return false;
        if (this.candidates.note(broke, false, false) !== null) return false;
      }
    }
  }

  async open(start: number, signal: AbortSignal, proof: Proof): Promise<RangeResponse> {
    const { size } = this.identity;
    const { end, rangesOnly = false } = this.#options;
    const last = end ?? (size === null ? null : size - 1);
    const isAll = start === 0 && (end === null || end + 1 === size) && !rangesOnly;
    const next = await this.#next(signal, !isAll && last !== null);
    const { response, isSame } = next.kind === "whole" || last === null
      ? await this.#openWhole(start, next, signal)
      : await this.#openRange(start, last, proof, next, signal);
    try {
      if (start > 0 && !isSame) await this.#checkIdentity(response.server, next, signal);
      return response;
    } catch (error) {
      await response.close(error);
      throw error;
    }
  }

  async #next(signal: AbortSignal, wantsRange = true): Promise<Question> {
    const servers = await abortable(this.#client.servers(this.#context), signal);
    return this.candidates.next(
      servers.map(({ endpoint }) => endpoint),
      (server) => wantsRange && this.#memory.mayAsk(server, this.#stores),
    );
  }

  async #openRange(
    start: number,
    end: number,
    proof: Proof,
    next: Question,
    signal: AbortSignal,
  ): Promise<Checked> {
    const { size, imageId } = this.identity;
    let answer: OpenResponse;
    try {
      answer = await this.#exchange(next, signal, { start, end });
    } catch (error) {
      if (!(error instanceof GlanceError) || error.server === undefined) throw error;
      if (error.status === 416 && size !== null) {
        throw refused(imageId, error.server, `it rejects ranges of the ${size} bytes`, true, error);
      }
      if (error.status !== 400) throw error;
      const checked = await this.#openWithoutRange(start, error.server, signal);
      // Only the success without a range proves that the range caused the 400.
      this.#memory.refusedRange(error.server, this.#stores);
      return checked;
    }
    const range = { start, end, size };
    const facts = factsOf(answer);
    const verdict = judgePartial(facts, range);
    if (verdict.kind === "lie") throw await this.#refuse(answer, verdict.reason, true);
    if (verdict.kind === "multipart") return await this.#openPart(answer, verdict.boundary, range);
    const { endpoint } = answer.server;
    const isWhole = verdict.kind === "whole";
    if (isWhole || verdict.kind === "unproven") this.#memory.ignoredRange(endpoint, this.#stores);
    const isWanted = !isWhole || !this.#options.rangesOnly;
    if (isWanted && isUsable(verdict, start, lengthOf(facts.contentLength), proof)) {
      return this.#noteRange(await this.#check(answer, stretchOf(verdict, range), true), range);
    }
    await discard(answer.response);
    answer.deadline[Symbol.dispose]();
    return await this.#openWithoutRange(start, endpoint, signal);
  }

  /** Requests the whole image from a server that cannot send a range. */
  async #openWithoutRange(start: number, server: string, signal: AbortSignal): Promise<Checked> {
    this.candidates.refuseRange(server);
    if (this.#options.rangesOnly) {
      throw refused(this.identity.imageId, server, "it does not have the requested range", true);
    }
    const others = this.candidates.servers.filter((name) => name !== server);
    const tried = new Set<string>();
    return await this.#openWhole(
      start,
      { kind: "whole", excluded: new Set(others), tried },
      signal,
    );
  }

  async #openPart(answer: OpenResponse, boundary: string, range: WantedRange): Promise<Checked> {
    const { response, isSame } = await this.#check(answer, { from: 0, skip: 0, stop: null }, true);
    const part = await openBodyPart(response, boundary, range, this.identity.imageId);
    return this.#noteRange({ response: part, isSame }, range);
  }

  /** Remembers what the response to a range proves about its store and its server. */
  #noteRange(checked: Checked, { start, end }: WantedRange): Checked {
    const { server, from, stop } = checked.response;
    if (from > 0 || stop === end + 1) this.#memory.gavePart(this.#stores);
    if (stop !== null && stop <= end) this.candidates.gaveShortPart(server, stop - start);
    return checked;
  }

  async #openWhole(start: number, next: Question, signal: AbortSignal): Promise<Checked> {
    const { size, imageId } = this.identity;
    if (this.#options.rangesOnly) {
      throw new RangesUnavailable(
        `Cannot read image "${imageId}" in parts: no server supports ranges`,
      );
    }
    const answer = await this.#exchange(next, signal);
    const { status, headers } = answer.response;
    if (status === 204) {
      answer.deadline[Symbol.dispose]();
      throw new ImageDownloadFailed(
        `Cannot download image "${imageId}": image contains no data; upload some first`,
        { imageId, status, server: answer.server.endpoint },
      );
    }
    // Some servers respond 206 to a request without a range, with all bytes or the first ones.
    const verdict = judgePartial(factsOf(answer), { start: 0, end: (size ?? Infinity) - 1, size });
    if (verdict.kind === "lie") throw await this.#refuse(answer, verdict.reason, false);
    const isShort = verdict.kind === "overlap" && verdict.stop <= start;
    const isWhole = verdict.kind === "part" || verdict.kind === "whole";
    if (size === null && status !== 200 || isShort || !isWhole && verdict.kind !== "overlap") {
      throw await this.#refuse(answer, `its status is ${status}`, false);
    }
    const stop = verdict.kind === "overlap"
      ? verdict.stop
      : size ?? lengthOf(headers.get("content-length"));
    return await this.#check(answer, { from: 0, skip: start, stop }, false);
  }

  /** Glance's Content-MD5 is the hex MD5 of the whole image, even with a part: it identifies the data. */
  async #check(answer: OpenResponse, stretch: Stretch, isRange: boolean): Promise<Checked> {
    const md5 = answer.response.headers.get("content-md5")?.toLowerCase() ?? null;
    const { checksum } = this.identity;
    if (md5 !== null && checksum !== null && md5 !== checksum && /^[0-9a-f]{32}$/.test(md5)) {
      throw await this.#refuse(answer, `its MD5 is ${md5} instead of ${checksum}`, isRange);
    }
    const body = openBody(answer, this.identity.imageId, this.#client.options);
    const response = { ...body, ...stretch, isRange };
    return { response, isSame: md5 !== null && md5 === checksum };
  }

  #exchange(
    { excluded, tried }: Question,
    signal: AbortSignal,
    range?: ByteRange,
  ): Promise<OpenResponse> {
    const { prefer, first } = this.#options;
    const request = { ...range !== undefined && { range }, ...prefer !== undefined && { prefer } };
    const options = { signal, excluded, tried: new Set(tried), first };
    return this.#client.exchange(this.#context, "data", [this.identity.imageId, request], options);
  }

  async #refuse(answer: OpenResponse, reason: string, isRange: boolean): Promise<RangeRefused> {
    await discard(answer.response);
    answer.deadline[Symbol.dispose]();
    const error = refused(this.identity.imageId, answer.server.endpoint, reason, isRange);
    answer.reportBreak(error, 0);
    return error;
  }

  /** Reads the record again, for responses that do not identify their data. */
  async #checkIdentity(server: string, { excluded }: Question, signal: AbortSignal): Promise<void> {
    const { imageId } = this.identity;
    const options = { signal, excluded, first: server };
    const record = await this.#client.run(this.#context, "get", [imageId], options);
    if (isSameData(this.identity, descriptorOf(record))) return;
    throw new ImageDownloadFailed(
      `Cannot continue reading image "${imageId}": its data was replaced in the meantime; download it again`,
      { imageId },
    );
  }
}

/** A response, and whether it proves to have the same data. */
interface Checked {
  readonly response: RangeResponse;
  readonly isSame: boolean;
}
