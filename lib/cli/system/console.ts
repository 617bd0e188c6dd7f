/**
 * Standard error: lines that stay, and one status line below them that is written over again and again.
 *
 * @module
 */
import { withinTime } from "../http/time_limit.ts";
import type { Output } from "./system.ts";

/** Bytes that wait to be written; lines beyond them are dropped and counted. */
const MAX_WAITING = 1024 ** 2;

/** Back to the first column, and nothing of the old line left. */
const CLEAR_LINE = "\r\x1b[K";

/**
 * What a terminal must not get from others: control characters, which can rewrite what it shows; marks that
 * reorder text or that cannot be seen, with which one name can look like another; lone surrogates. Variation
 * selectors stay: emoji need them.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufff9-\ufffb]|(?![\ufe00-\ufe0f])\p{DI}/gu;

/** A text with its control characters and invisible characters escaped, as Python escapes them. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => {
    if (character === "\n") return "\\n";
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
    if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
    return `\\U${code.toString(16).padStart(8, "0")}`;
  });
}

/** JSON that means the same with the same characters escaped; line breaks are those of its layout. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(UNPRINTABLE, (character) => {
    if (character === "\n") return character;
    const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}

/** Writes to standard error, in order. */
export class Messages {
  readonly #out: Output;
  #tail: Promise<void> = Promise.resolve();
  #hasStatus = false;
  #waiting = 0;
  #dropped = 0;

  constructor(out: Output) {
    this.#out = out;
  }

  /** Whether status lines are shown. */
  get isTerminal(): boolean {
    return this.#out.isTerminal;
  }

  /**
   * A line that stays; the status line, if any, makes room for it. It is dropped while standard error is not
   * read and too much waits already; the number of lines that were dropped is reported when it is read again.
   */
  line(text: string): void {
    if (this.#waiting > MAX_WAITING) {
      this.#dropped++;
      return;
    }
    this.#write(`${this.#hasStatus ? CLEAR_LINE : ""}${printable(text)}\n`);
    this.#hasStatus = false;
  }

  /** Replaces the status line; nothing happens where nobody is watching. */
  status(text: string): void {
    if (!this.isTerminal || this.#waiting > MAX_WAITING) return;
    const columns = this.#out.columns ?? 80;
    this.#write(CLEAR_LINE + printable(text).slice(0, columns - 1));
    this.#hasStatus = true;
  }

  /** Leaves the status line as it is, and goes on below it. */
  keepStatus(): void {
    if (this.#hasStatus) this.#write("\n");
    this.#hasStatus = false;
  }

  /** Fulfilled when everything is written, or after so many milliseconds. */
  async flush(limitMs = Infinity): Promise<void> {
    await withinTime(this.#drained(), limitMs).catch(() => {});
  }

  async #drained(): Promise<void> {
    let tail: Promise<void> | undefined;
    while (tail !== this.#tail) {
      tail = this.#tail;
      await tail;
    }
  }

  #write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.#waiting += bytes.byteLength;
    this.#tail = this.#tail.then(() => this.#put(bytes));
  }

  async #put(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    // If standard error is closed, there is nowhere to report it.
    await this.#out.write(bytes).catch(() => {});
    this.#waiting -= bytes.byteLength;
    if (this.#dropped === 0 || this.#waiting > MAX_WAITING / 2) return;
    const report = `Dropped ${this.#dropped} lines: standard error was not read`;
    this.#dropped = 0;
    this.line(report);
  }
}
