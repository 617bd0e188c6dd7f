/** Runs the inspector of one format: delivers the regions that it requests. */
import { describeException, refusal } from "./checks.ts";
import {
  type FormatFinding,
  type FormatSteps,
  HEAD_BYTES,
  type ImageFormat,
  MAX_REGION_BYTES,
  type RegionRequest,
  TAIL_BYTES,
} from "./format_steps.ts";

/** A region after the head, and how much of it has been received. */
interface Capture {
  readonly bytes: Uint8Array;
  length: number;
}

export class FormatRun {
  readonly format: string;
  readonly #steps: FormatSteps;
  #request: RegionRequest | null = null;
  #capture: Capture | null = null;
  /** End of the last region that was delivered. */
  #reached = 0;
  #finding: FormatFinding | null = null;
  #isMatch = false;

  constructor({ name, inspect }: ImageFormat) {
    this.format = name;
    this.#steps = inspect();
    this.#proceed(() => this.#steps.next());
  }

  /** Whether it needs no more bytes. */
  get isDone(): boolean {
    return this.#request === null;
  }

  /** Whether it needs only the end of the image. */
  get awaitsEnd(): boolean {
    return this.#request !== null && this.#request.offset < 0;
  }

  /** Whether the format is certain, and the first 256 KiB have nothing more to inspect. */
  get isDecided(): boolean {
    return this.#request === null || (this.#isMatch && !isInHead(this.#request));
  }

  /** Whether the image is of this format, as far as it is known. */
  get isMatch(): boolean {
    return this.#isMatch;
  }

  /** The finding if no more bytes are read. An inspector that failed has one without a match. */
  get finding(): FormatFinding | null {
    return this.#request?.finding ?? this.#finding;
  }

  /** The region that it needs; null if it needs no more. */
  get request(): RegionRequest | null {
    return this.#request;
  }

  /** Bytes that are kept, without the head. */
  get captured(): number {
    return this.#capture?.bytes.byteLength ?? 0;
  }

  /** Receives the head so far, and the bytes after it that begin at `position`. */
  feed(head: Uint8Array, after: Uint8Array, position: number): void {
    for (let bytes = this.#take(head, after, position); bytes !== null;) {
      this.deliver(bytes);
      bytes = this.#take(head, after, position);
    }
  }

  /** Delivers what there is, because the image has ended. */
  end(head: Uint8Array, tail: Uint8Array): void {
    while (this.#request !== null) {
      const { offset, length } = this.#request;
      const bytes = offset < 0
        ? tail.subarray(Math.max(0, tail.byteLength + offset)).subarray(0, length)
        : this.#capture?.bytes.subarray(0, this.#capture.length) ??
          head.subarray(offset, offset + length);
      this.deliver(bytes);
    }
  }

  /** The requested region if it is complete. */
  #take(head: Uint8Array, after: Uint8Array, position: number): Uint8Array | null {
    if (this.#request === null || this.#request.offset < 0) return null;
    const { offset, length } = this.#request;
    const capture = this.#capture;
    if (capture === null) {
      return head.byteLength < offset + length ? null : head.subarray(offset, offset + length);
    }
    for (const [source, start] of [[head, 0], [after, position]] as const) {
      const from = Math.max(0, offset + capture.length - start);
      const part = source.subarray(from, from + length - capture.length);
      capture.bytes.set(part, capture.length);
      capture.length += part.byteLength;
    }
    return capture.length < length ? null : capture.bytes;
  }

  /** Receives the bytes of the requested region; fewer if the image ends before. */
  deliver(bytes: Uint8Array): void {
    const { offset = 0, length = 0 } = this.#request ?? {};
    this.#reached = Math.max(this.#reached, offset + length);
    this.#proceed(() => this.#steps.next(bytes));
  }

  /** Runs the inspector up to its next request. Whatever goes wrong is a failure of the image. */
  #proceed(step: () => IteratorResult<RegionRequest, FormatFinding | null>): void {
    this.#capture = null;
    this.#request = null;
    try {
      const { done, value } = step();
      if (done) {
        this.#finding = value;
        this.#isMatch = value !== null;
      } else {
        this.#isMatch ||= value.finding !== undefined;
        this.#capture = this.#captureFor(value);
        this.#request = value;
      }
    } catch (error) {
      this.#finding = refusal(this.format, describeException(error));
    }
  }

  /** Null for a region of the head or the tail, which are kept anyway. */
  #captureFor({ offset, length, finding }: RegionRequest): Capture | null {
    if (isInHead({ offset, length }) || isInTail({ offset, length })) return null;
    if (finding === undefined || !Number.isSafeInteger(offset + length) || offset < 0) {
      throw new RangeError(`no data at offset ${offset}`);
    }
    if (length > MAX_REGION_BYTES) throw new RangeError(`a region of ${length} bytes is too long`);
    if (offset < this.#reached && this.#reached > HEAD_BYTES) {
      throw new RangeError(`offset ${offset} is before data that was already read`);
    }
    return { bytes: new Uint8Array(length), length: 0 };
  }
}

function isInHead({ offset, length }: RegionRequest): boolean {
  return offset >= 0 && offset + length <= HEAD_BYTES;
}

function isInTail({ offset }: RegionRequest): boolean {
  return offset < 0 && -offset <= TAIL_BYTES;
}
