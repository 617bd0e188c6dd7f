/**
 * One stretch of an image, as one server gives it: opened at a byte, judged before it is believed.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { GlanceError, ImageDownloadFailed, ServerUnreachable } from "../errors.ts";
import type { GlanceClientWrapper } from "../http/client.ts";
import type { Exchange } from "../http/exchange.ts";
import { discard } from "../http/transport.ts";
import { type ByteRange, judgePartial, lengthOf } from "./byte_range.ts";
import { type BodyReader, readerOf } from "./body_reader.ts";
import { type Identity, identityOf, isSameData } from "./integrity.ts";
import { StallWatch } from "./stall.ts";

/** An open body and what is known of it. */
export interface Piece {
  readonly reader: BodyReader;
  /** Endpoint root of the server that gives it. */
  readonly server: string;
  /** Bytes before the wanted ones, to be read and dropped. */
  readonly skip: number;
  /** Where it ends: behind which byte of the image; null where its answer does not tell. */
  readonly stop: number | null;
  /** Is told when a wait for its bytes begins, and when it is over. */
  readonly watch: Pick<StallWatch, "begin" | "end">;
  /** Notes that it broke after so many bytes; false where no further request may be made. */
  broke(cause: unknown, progress: number): boolean;
  /** Ends it; what was not read is given up. */
  close(reason: unknown): Promise<void>;
}

/** Where pieces come from. */
export interface PieceSource {
  /** The identity that every piece must have. */
  readonly identity: Identity;
  /**
   * Opens the image at a byte.
   *
   * @throws {PieceRefused} where this server's answer cannot be used and another's might.
   * @throws {GlanceError} where there is no use in asking again.
   */
  open(start: number, signal: AbortSignal): Promise<Piece>;
}

/** An answer was not what was asked for, though its status says so; another server may do better. */
export class PieceRefused extends ServerUnreachable {
  override name = "PieceRefused";
}

/** What is remembered of a cloud, so that no doomed request is made twice. */
class RangeMemory {
  /** Stores that answered 400 to a range: Ceph, Swift, S3 and others cannot seek. */
  readonly stores = new Set<string>();
  /** Stores that have answered a range with a part. */
  readonly seekable = new Set<string>();
  /** Servers that gave the whole image for a range, or did not tell what they gave. */
  readonly servers = new Set<string>();

  /** A server that does it a second time was asked for want of a better one: no range is tried again. */
  learn(server: string, store: string): void {
    if (this.servers.has(server)) this.stores.add(store);
    this.servers.add(server);
  }
}

const MEMORIES = new WeakMap<GlanceClientWrapper, RangeMemory>();

/** Pieces of an image from the servers of a client. */
export class GlancePieces implements PieceSource {
  readonly identity: Identity;
  readonly #client: GlanceClientWrapper;
  readonly #context: RequestContext;
  readonly #end: number | null;
  readonly #stores: string;
  readonly #prefer: readonly string[] | undefined;
  readonly #first: string | undefined;
  readonly #memory: RangeMemory;

  /**
   * `end` is the last wanted byte, null for the last of the image; `first` the endpoint root of the
   * server that is asked before the others.
   */
  constructor(
    client: GlanceClientWrapper,
    context: RequestContext,
    identity: Identity,
    { end, stores, prefer, first }: {
      readonly end: number | null;
      readonly stores: string;
      readonly prefer: readonly string[] | undefined;
      readonly first?: string;
    },
  ) {
    this.#client = client;
    this.#context = context;
    this.identity = identity;
    this.#end = end;
    this.#stores = stores;
    this.#prefer = prefer;
    this.#first = first;
    this.#memory = MEMORIES.get(client) ?? new RangeMemory();
    MEMORIES.set(client, this.#memory);
  }

  /** Whether the store can seek, found out by asking for the first byte where it is not known. */
  async canSeek(signal: AbortSignal): Promise<boolean> {
    if (this.#memory.seekable.has(this.#stores)) return true;
    if (this.#memory.stores.has(this.#stores)) return false;
    const piece = await this.#openRange(0, 0, signal).then((judged) => judged.piece, orRefused);
    await piece?.close("the answer is known");
    return piece?.stop === 1;
  }

  async open(start: number, signal: AbortSignal): Promise<Piece> {
    const { size } = this.identity;
    const last = this.#end ?? (size === null ? null : size - 1);
    const isWhole = start === 0 && (this.#end === null || this.#end + 1 === size);
    const piece = isWhole || last === null || this.#memory.stores.has(this.#stores)
      ? await this.#openWhole(start, signal)
      : await this.#openRange(start, last, signal);
    if (start === 0) return piece.piece;
    try {
      await this.#checkIdentity(piece.knownSame, signal);
      return piece.piece;
    } catch (error) {
      await piece.piece.close(error);
      throw error;
    }
  }

  async #openRange(start: number, end: number, signal: AbortSignal): Promise<Judged> {
    let answer: Exchange;
    try {
      answer = await this.#exchange(signal, { start, end });
    } catch (error) {
      if (!(error instanceof GlanceError)) throw error;
      if (error.status === 416 && this.identity.size !== null) throw this.#denied(error);
      if (error.status !== 400) throw error;
      this.#memory.stores.add(this.#stores);
      return await this.#openWhole(start, signal);
    }
    const { headers, status } = answer.response;
    const verdict = judgePartial({
      status,
      contentRange: headers.get("content-range"),
      contentLength: headers.get("content-length"),
      contentEncoding: headers.get("content-encoding"),
    }, { start, end, size: this.identity.size });
    if (verdict.kind === "lie") throw await this.#refuse(answer, verdict.reason);
    if (verdict.kind === "part") {
      this.#memory.seekable.add(this.#stores);
      return await this.#judge(answer, 0, end + 1);
    }
    this.#memory.learn(answer.server.endpoint, this.#stores);
    if (verdict.kind === "whole") return await this.#judge(answer, start, this.identity.size);
    await discard(answer.response);
    answer.deadline[Symbol.dispose]();
    return await this.#openWhole(start, signal);
  }

  async #openWhole(start: number, signal: AbortSignal): Promise<Judged> {
    const answer = await this.#exchange(signal);
    const { status, headers } = answer.response;
    const { size, imageId } = this.identity;
    if (status === 204) {
      answer.deadline[Symbol.dispose]();
      throw new ImageDownloadFailed(
        `Cannot download image "${imageId}": image contains no data; upload some first`,
        { imageId, status, server: answer.server.endpoint },
      );
    }
    const length = lengthOf(headers.get("content-length"));
    const encoding = headers.get("content-encoding") ?? "identity";
    if (status !== 200) throw await this.#refuse(answer, `its status is ${status}`);
    if (encoding !== "identity") throw await this.#refuse(answer, `it is encoded as "${encoding}"`);
    if (size !== null && length !== null && length !== size) {
      throw await this.#refuse(answer, `it has ${length} bytes instead of ${size}`);
    }
    return await this.#judge(answer, start, size ?? length);
  }

  /** Content-MD5 is the hex MD5 of the whole image, on a part, too: it tells which image this is. */
  async #judge(answer: Exchange, skip: number, stop: number | null): Promise<Judged> {
    const md5 = answer.response.headers.get("content-md5")?.toLowerCase() ?? null;
    const { checksum } = this.identity;
    if (md5 !== null && checksum !== null && md5 !== checksum && /^[0-9a-f]{32}$/.test(md5)) {
      throw await this.#refuse(answer, `its MD5 is ${md5} instead of ${checksum}`);
    }
    const piece = this.#pieceOf(answer, skip, stop);
    return { piece, knownSame: md5 !== null && md5 === checksum };
  }

  #pieceOf(answer: Exchange, skip: number, stop: number | null): Piece {
    const { response, server, deadline, broke } = answer;
    const { imageId } = this.identity;
    const { stallTimeout } = this.#client.options;
    const body = response.body ?? new Blob([]).stream();
    const reader = readerOf(body, deadline.signal);
    const watch = new StallWatch(deadline, this.#client.options, () =>
      new ServerUnreachable(
        `Cannot go on reading image "${imageId}": the server "${server.endpoint}" sent nothing for ${stallTimeout} ms`,
        { imageId, server: server.endpoint },
      ));
    return {
      reader,
      server: server.endpoint,
      skip,
      stop,
      watch,
      broke,
      async close(reason) {
        watch[Symbol.dispose]();
        deadline.abort(reason);
        deadline[Symbol.dispose]();
        await reader.cancel(reason).catch(() => {});
      },
    };
  }

  #exchange(signal: AbortSignal, range?: ByteRange): Promise<Exchange> {
    const request = {
      ...range !== undefined && { range },
      ...this.#prefer !== undefined && { prefer: this.#prefer },
    };
    const avoid = range === undefined ? new Set<string>() : new Set(this.#memory.servers);
    const options = { signal, tried: avoid, first: this.#first };
    return this.#client.exchange(this.#context, "data", [this.identity.imageId, request], options);
  }

  async #refuse(answer: Exchange, reason: string): Promise<PieceRefused> {
    const { imageId } = this.identity;
    const { endpoint } = answer.server;
    await discard(answer.response);
    answer.deadline[Symbol.dispose]();
    const error = new PieceRefused(
      `Cannot use the answer of "${endpoint}" for image "${imageId}": ${reason}`,
      { imageId, server: endpoint, status: answer.response.status },
    );
    answer.broke(error, 0);
    return error;
  }

  /** A server knows fewer bytes than the record: another may have them all. */
  #denied(cause: GlanceError): PieceRefused {
    const { imageId, size } = this.identity;
    return new PieceRefused(
      `Cannot use the answer of "${cause.server}" for image "${imageId}": it denies a range of the ${size} bytes`,
      { cause, imageId, server: cause.server, status: cause.status },
    );
  }

  /** Where an answer does not tell which image it is, the record is asked again. */
  async #checkIdentity(knownSame: boolean, signal: AbortSignal): Promise<void> {
    if (knownSame) return;
    const { imageId } = this.identity;
    const record = await this.#client.run(this.#context, "get", [imageId], { signal });
    if (isSameData(this.identity, identityOf(record))) return;
    throw new ImageDownloadFailed(
      `Cannot go on reading image "${imageId}": its data was replaced meanwhile; download it anew`,
      { imageId },
    );
  }
}

/** A piece, and whether it is known to be of the same image. */
interface Judged {
  readonly piece: Piece;
  readonly knownSame: boolean;
}

/** Null for an answer that cannot be used; any other error is one. */
function orRefused(error: unknown): null {
  if (error instanceof PieceRefused) return null;
  throw error;
}
