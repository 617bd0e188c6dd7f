/**
 * Where the pieces of an image come from: chooses what to ask and whom, judges the answer before it is
 * believed, and remembers what it proves.
 *
 * @module
 */
import type { RequestContext } from "../../context.ts";
import { GlanceError, ImageDownloadFailed } from "../../errors.ts";
import type { GlanceClientWrapper } from "../../api/client.ts";
import { abortable } from "../../http/deadline.ts";
import type { OpenResponse } from "../../http/attempt.ts";
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

/** A source that can prove nothing. */
const NO_PROOF: Proof = { isHashed: false, canCompare: false };

/** Where pieces come from. */
export interface RangeSource {
  /** The identity that every piece must have. */
  readonly identity: ContentDescriptor;
  /** The servers and their failures. */
  readonly candidates: Candidates;
  /** Whether the caller chose the stores. */
  readonly hasPrefer: boolean;
  /**
   * Opens the image at a byte.
   *
   * @throws {RangeRefused} if this server's answer cannot be used and another's might.
   * @throws {GlanceError} what `classifyBreak` reads.
   */
  open(start: number, signal: AbortSignal, proof: Proof): Promise<RangeResponse>;
}

const MEMORIES = new WeakMap<GlanceClientWrapper, RangeMemory>();

/** What {@linkcode GlanceRangeSource} are made of. */
export interface PiecesOptions {
  /** Last wanted byte; null for the last of the image. */
  readonly end: number | null;
  /** The stores of the record. */
  readonly stores: string;
  readonly prefer: readonly string[] | undefined;
  /** Endpoint root of the server that is asked before the others. */
  readonly first?: string;
  /**
   * The servers, for several sources of one download.
   * @default {candidates of its own}
   */
  readonly candidates?: Candidates;
  /**
   * Whether the whole image is never asked for, since many such sources would each read it.
   * @default {false}
   */
  readonly rangesOnly?: boolean;
}

/** Pieces of an image from the servers of a client. */
export class GlanceRangeSource implements RangeSource {
  readonly identity: ContentDescriptor;
  readonly candidates: Candidates;
  readonly hasPrefer: boolean;
  readonly #client: GlanceClientWrapper;
  readonly #context: RequestContext;
  readonly #options: PiecesOptions;
  readonly #stores: string;
  readonly #memory: RangeMemory;

  constructor(
    client: GlanceClientWrapper,
    context: RequestContext,
    identity: ContentDescriptor,
    options: PiecesOptions,
  ) {
    this.#client = client;
    this.#context = context;
    this.identity = identity;
    this.#options = options;
    this.candidates = options.candidates ?? new Candidates();
    this.hasPrefer = options.prefer !== undefined;
    // What a preferred store cannot do says nothing about the others.
    this.#stores = [options.stores, ...options.prefer ?? []].join(" ");
    this.#memory = MEMORIES.get(client) ?? new RangeMemory(client.options);
    MEMORIES.set(client, this.#memory);
  }

  /** Whether the store can seek, found out by asking for the first byte if it is not known. */
  async canSeek(signal: AbortSignal): Promise<boolean> {
    if (this.#memory.isSeekable(this.#stores)) return true;
    for (;;) {
      const question = await this.#next(signal);
      if (question.kind === "whole") return false;
      try {
        const { piece } = await this.#openRange(0, 0, NO_PROOF, question, signal);
        await piece.close("the answer is known");
        if (piece.isRange && piece.stop === 1) return true;
        this.candidates.refuseRange(piece.server);
      } catch (error) {
        const { hasPrefer, candidates: { servers }, identity: { imageId } } = this;
        const standing = { imageId, offset: 0, hasBegun: false, isSized: true, hasPrefer, servers };
        const broke = classifyBreak(error, { ...standing, piece: null });
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
    const question = await this.#next(signal, !isAll && last !== null);
    const { piece, isSame } = question.kind === "whole" || last === null
      ? await this.#openWhole(start, question, signal)
      : await this.#openRange(start, last, proof, question, signal);
    try {
      if (start > 0 && !isSame) await this.#checkIdentity(piece.server, question, signal);
      return piece;
    } catch (error) {
      await piece.close(error);
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
    question: Question,
    signal: AbortSignal,
  ): Promise<Judged> {
    const { size, imageId } = this.identity;
    let answer: OpenResponse;
    try {
      answer = await this.#exchange(question, signal, { start, end });
    } catch (error) {
      if (!(error instanceof GlanceError) || error.server === undefined) throw error;
      if (error.status === 416 && size !== null) {
        throw refused(imageId, error.server, `it denies a range of the ${size} bytes`, true, error);
      }
      if (error.status !== 400) throw error;
      const judged = await this.#openWithoutRange(start, error.server, signal);
      // Only now it is proven that the range was at fault, and not something else in the request.
      this.#memory.refusedRange(error.server, this.#stores);
      return judged;
    }
    const wanted = { start, end, size };
    const facts = factsOf(answer);
    const verdict = judgePartial(facts, wanted);
    if (verdict.kind === "lie") throw await this.#refuse(answer, verdict.reason, true);
    if (verdict.kind === "multipart") return await this.#openPart(answer, verdict.boundary, wanted);
    const { endpoint } = answer.server;
    const isWhole = verdict.kind === "whole";
    if (isWhole || verdict.kind === "unproven") this.#memory.ignoredRange(endpoint, this.#stores);
    const isWanted = !isWhole || !this.#options.rangesOnly;
    if (isWanted && isUsable(verdict, start, lengthOf(facts.contentLength), proof)) {
      return this.#noteRange(await this.#judge(answer, stretchOf(verdict, wanted), true), wanted);
    }
    await discard(answer.response);
    answer.deadline[Symbol.dispose]();
    return await this.#openWithoutRange(start, endpoint, signal);
  }

  /** Asks the server that cannot give a range for the whole image. */
  async #openWithoutRange(start: number, server: string, signal: AbortSignal): Promise<Judged> {
    this.candidates.refuseRange(server);
    if (this.#options.rangesOnly) {
      throw refused(this.identity.imageId, server, "it is not the requested range", true);
    }
    const others = this.candidates.servers.filter((name) => name !== server);
    const tried = new Set<string>();
    return await this.#openWhole(
      start,
      { kind: "whole", excluded: new Set(others), tried },
      signal,
    );
  }

  async #openPart(answer: OpenResponse, boundary: string, wanted: WantedRange): Promise<Judged> {
    const { piece, isSame } = await this.#judge(answer, { from: 0, skip: 0, stop: null }, true);
    const part = await openBodyPart(piece, boundary, wanted, this.identity.imageId);
    return this.#noteRange({ piece: part, isSame }, wanted);
  }

  /** What an answer to a range proves about its store and its server. */
  #noteRange(judged: Judged, { start, end }: WantedRange): Judged {
    const { server, from, stop } = judged.piece;
    if (from > 0 || stop === end + 1) this.#memory.gavePart(this.#stores);
    if (stop !== null && stop <= end) this.candidates.gaveShortPart(server, stop - start);
    return judged;
  }

  async #openWhole(start: number, question: Question, signal: AbortSignal): Promise<Judged> {
    const { size, imageId } = this.identity;
    if (this.#options.rangesOnly) {
      throw new RangesUnavailable(
        `Cannot read image "${imageId}" in parts: no server gives ranges`,
      );
    }
    const answer = await this.#exchange(question, signal);
    const { status, headers } = answer.response;
    if (status === 204) {
      answer.deadline[Symbol.dispose]();
      throw new ImageDownloadFailed(
        `Cannot download image "${imageId}": image contains no data; upload some first`,
        { imageId, status, server: answer.server.endpoint },
      );
    }
    // Some servers answer 206 to a request without a range, with all bytes or the first ones.
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
    return await this.#judge(answer, { from: 0, skip: start, stop }, false);
  }

  /** Content-MD5 is the hex MD5 of the whole image, on a part, too: it tells which image this is. */
  async #judge(answer: OpenResponse, stretch: Stretch, isRange: boolean): Promise<Judged> {
    const md5 = answer.response.headers.get("content-md5")?.toLowerCase() ?? null;
    const { checksum } = this.identity;
    if (md5 !== null && checksum !== null && md5 !== checksum && /^[0-9a-f]{32}$/.test(md5)) {
      throw await this.#refuse(answer, `its MD5 is ${md5} instead of ${checksum}`, isRange);
    }
    const body = openBody(answer, this.identity.imageId, this.#client.options);
    const piece = { ...body, ...stretch, isRange };
    return { piece, isSame: md5 !== null && md5 === checksum };
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

  /** If an answer does not tell which image it is, the record is asked again. */
  async #checkIdentity(server: string, { excluded }: Question, signal: AbortSignal): Promise<void> {
    const { imageId } = this.identity;
    const options = { signal, excluded, first: server };
    const record = await this.#client.run(this.#context, "get", [imageId], options);
    if (isSameData(this.identity, descriptorOf(record))) return;
    throw new ImageDownloadFailed(
      `Cannot go on reading image "${imageId}": its data was replaced meanwhile; download it anew`,
      { imageId },
    );
  }
}

/** A piece, and whether it is known to be of the same image. */
interface Judged {
  readonly piece: RangeResponse;
  readonly isSame: boolean;
}
