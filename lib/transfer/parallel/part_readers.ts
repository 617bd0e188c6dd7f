/** Creates the readers of a parallel download: of the lead, and of each part. */
import type { Verifier } from "../integrity/descriptor.ts";
import type { RangeSource } from "../download/range_source.ts";
import type { ResumeOptions, ResumingReader } from "../download/resuming_reader.ts";
import type { RangesUnavailable } from "../range_errors.ts";
import { LeadReader } from "./lead_reader.ts";
import type { PartBuffer } from "./part_buffer.ts";
import { type IsLeft, PartSource } from "./part_source.ts";

/** Options of {@linkcode PartReaders}. */
export interface PartReadersOptions extends ResumeOptions {
  /** A source of the bytes up to `end`, inclusive, that prefers a server. */
  rangeSource(end: number, server: string): RangeSource;
  /** Source of the bytes of the lead. */
  readonly rest: RangeSource;
  /** Offset after the last requested byte. */
  readonly endExclusive: number;
  /** Ends with the download. */
  readonly lifetime: AbortSignal;
  readonly shared: SharedClasses;
}

/** Classes that are loaded at the start. They are passed in, because bundlers would split an import into another file. */
export interface SharedClasses {
  readonly RangesUnavailable: typeof RangesUnavailable;
  readonly ResumingReader: typeof ResumingReader;
}

/** Creates the readers of one download. */
export class PartReaders {
  readonly #options: PartReadersOptions;
  readonly #leads: LeadReader[] = [];
  #server = "";

  constructor(options: PartReadersOptions) {
    this.#options = options;
  }

  /** Endpoint root of the server of the last lead, when it was last reported. */
  get server(): string {
    return this.#server;
  }

  /** Number of times that the leads resumed after a break. */
  get resumes(): number {
    return this.#leads.reduce((sum, { resumes }) => sum + resumes, 0);
  }

  /**
   * A reader of a part, which prefers the server. If no server responds and `isLeft`, called with the time of the
   * request, returns true, it fails, since other connections fetch the part.
   */
  part(server: string, { start, end }: PartBuffer, isLeft: IsLeft): ResumingReader {
    const source = this.#options.rangeSource(end, server);
    return this.#open(new PartSource(source, start, isLeft, this.#options), { start, end });
  }

  /** A reader of the lead. While `isAlone`, a second connection may be used if its server is slow. */
  lead(part: PartBuffer, isAlone: () => boolean): LeadReader {
    const { options: { now }, start, rest, secondSource, verifier } = this.#options;
    const reader = this.#open(rest, {
      start: part.start,
      end: part.end,
      isPart: part.start > start,
      verifier: verifier && prefixOnly(verifier),
      secondSource,
      isAlone,
      onProgress: ({ server }) => void (this.#server = server),
    });
    const lead = new LeadReader(part, reader, now);
    this.#leads.push(lead);
    return lead;
  }

  #open(
    source: RangeSource,
    range: Partial<ResumeOptions> & Pick<ResumeOptions, "start" | "end">,
  ): ResumingReader {
    const { options, isHashed, lifetime, shared } = this.#options;
    return new shared.ResumingReader(source, {
      options,
      isPart: true,
      verifier: null,
      isHashed,
      signal: lifetime,
      onProgress: undefined,
      ...range,
    });
  }
}

/**
 * A verifier that only compares the bytes that a server sends again with the delivered ones; the reader of all parts
 * verifies the rest.
 */
function prefixOnly(verifier: Pick<Verifier, "prefix">): ResumeOptions["verifier"] {
  return {
    prefix: () => verifier.prefix(),
    update: () => {},
    check: () => Promise.resolve(),
    close: () => Promise.resolve(),
    endWith: () => {},
  };
}
