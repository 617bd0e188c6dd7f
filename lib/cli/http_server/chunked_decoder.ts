/** Decodes the transfer coding `chunked` (RFC 9112, section 7.1) in place. */
import { ProtocolError } from "./request_head.ts";

/** Maximum bytes of the line that starts a chunk, and of all trailer fields. Both are ignored. */
const MAX_LINE_BYTES = 4 * 1024;
const MAX_TRAILER_BYTES = 16 * 1024;

const [CR, LF] = [13, 10];

/** The result of a decoding step. */
export interface Decoded {
  /** The data, at the start of the input buffer. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Bytes after the end of the body; empty before the end. */
  readonly rest: Uint8Array<ArrayBuffer>;
}

/** Decodes one body incrementally, in linear time. */
export class ChunkedDecoder {
  /** Whether the end of the body has been seen. */
  isDone = false;
  #state: "size" | "extension" | "data" | "end" | "trailer" = "size";
  /** Remaining bytes of the chunk. */
  #left = 0;
  #digits = 0;
  /** Bytes of the current line, or of the trailer. */
  #line = 0;
  #last = 0;
  /** Bytes of the current line of the trailer. */
  #trailerLine = 0;

  /**
   * Decodes the next bytes of the body. The data is moved to the start of `bytes`.
   *
   * @throws {ProtocolError} if the coding is malformed.
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
    // Recipients disagree whether a lone LF or CR ends a line, which allows request smuggling.
    if ((byte === LF) !== (this.#last === CR)) throw bad();
    this.#last = byte;
    if (this.#state === "trailer") return this.#trailer(byte);
    if (this.#state === "end" && byte !== CR && byte !== LF) throw bad();
    if (byte === LF) this.#endLine();
  }

  /** Whether the byte belongs to the size of a chunk. An extension or the end of the line follows the size. */
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
