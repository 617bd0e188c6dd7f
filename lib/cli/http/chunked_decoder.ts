/**
 * The transfer coding `chunked` (RFC 9112, section 7.1), taken off bytes where they lie. Pure.
 *
 * @module
 */
import { ProtocolError } from "./request_head.ts";

/** Bytes of the line that starts a chunk, and of all trailer fields: nothing in them is used. */
const MAX_LINE_BYTES = 4 * 1024;
const MAX_TRAILER_BYTES = 16 * 1024;

const [CR, LF] = [13, 10];

/** What some bytes of a coded body were. */
export interface Decoded {
  /** Data, at the start of the same memory. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** What follows the end of the body; empty before it. */
  readonly rest: Uint8Array<ArrayBuffer>;
}

/** Decodes one body, in as many steps as its bytes arrive in. Linear in their number. */
export class ChunkedDecoder {
  /** Whether the end of the body has been seen. */
  isDone = false;
  #state: "size" | "extension" | "data" | "end" | "trailer" = "size";
  /** Bytes of the chunk that are to come. */
  #left = 0;
  #digits = 0;
  /** Bytes of the current line, or of the trailer. */
  #line = 0;
  #last = 0;
  /** Bytes of the current line of the trailer. */
  #trailerLine = 0;

  /**
   * Moves the data in `bytes` to their front.
   *
   * @throws {ProtocolError} if they are not in this coding.
   */
  decode(bytes: Uint8Array<ArrayBuffer>): Decoded {
    let [at, filled] = [0, 0];
    while (at < bytes.byteLength && !this.isDone) {
      if (this.#state !== "data") {
        this.#byte(bytes[at++] ?? 0);
        continue;
      }
      const count = Math.min(this.#left, bytes.byteLength - at);
      if (filled !== at) bytes.copyWithin(filled, at, at + count);
      filled += count;
      at += count;
      this.#left -= count;
      if (this.#left === 0) this.#enter("end");
    }
    return { data: bytes.subarray(0, filled), rest: bytes.subarray(at) };
  }

  #enter(state: "size" | "data" | "end" | "trailer"): void {
    this.#state = state;
    this.#line = 0;
    this.#last = 0;
  }

  #byte(byte: number): void {
    this.#line++;
    if (this.#line > (this.#state === "trailer" ? MAX_TRAILER_BYTES : MAX_LINE_BYTES)) throw bad();
    if (this.#state === "size" && this.#digit(byte)) return;
    // A lone LF or CR could end a line for one recipient and not for another.
    if ((byte === LF) !== (this.#last === CR)) throw bad();
    this.#last = byte;
    if (this.#state === "trailer") return this.#trailer(byte);
    if (this.#state === "end" && byte !== CR && byte !== LF) throw bad();
    if (byte === LF) this.#endLine();
  }

  /** Whether the byte belongs to the size of a chunk; what follows the size is an extension or the end. */
  #digit(byte: number): boolean {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#left = this.#left * 16 + digit;
      if (++this.#digits > 12) throw bad();
      return true;
    }
    if (this.#digits === 0 || ![CR, 9, 32, 59].includes(byte)) throw bad();
    this.#state = "extension";
    return false;
  }

  #endLine(): void {
    if (this.#state === "end") {
      this.#digits = 0;
      return this.#enter("size");
    }
    this.#enter(this.#left === 0 ? "trailer" : "data");
  }

  #trailer(byte: number): void {
    if (byte !== CR && byte !== LF) this.#trailerLine++;
    if (byte !== LF) return;
    this.isDone = this.#trailerLine === 0;
    this.#trailerLine = 0;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function bad(): ProtocolError {
  return new ProtocolError(400, "The chunks of the request body are malformed.");
}
