/**
 * Standard error: lines that stay, and one status line below them that is written over again and again.
 *
 * @module
 */
import type { Output } from "./world.ts";

/** Back to the first column, and nothing of the old line left. */
const CLEAR_LINE = "\r\x1b[K";

/** Control characters, which could rewrite what a terminal shows, and lone surrogates. */
// deno-lint-ignore no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Cs}/gu;

/**
 * A text with its control characters written out: names come from strangers.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => {
    if (character === "\n") return "\\n";
    const code = character.codePointAt(0) ?? 0;
    return code < 256
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** Writes to standard error, in order. */
export class Messages {
  readonly #out: Output;
  #tail: Promise<void> = Promise.resolve();
  #hasStatus = false;

  constructor(out: Output) {
    this.#out = out;
  }

  /** Whether status lines are shown. */
  get isTerminal(): boolean {
    return this.#out.isTerminal;
  }

  /** A line that stays; the status line, if any, makes room for it. */
  line(text: string): void {
    this.#write(`${this.#hasStatus ? CLEAR_LINE : ""}${printable(text)}\n`);
    this.#hasStatus = false;
  }

  /** Replaces the status line; nothing happens where nobody is watching. */
  status(text: string): void {
    if (!this.isTerminal) return;
    const columns = this.#out.columns ?? 80;
    this.#write(CLEAR_LINE + printable(text).slice(0, columns - 1));
    this.#hasStatus = true;
  }

  /** Leaves the status line as it is, and goes on below it. */
  keepStatus(): void {
    if (this.#hasStatus) this.#write("\n");
    this.#hasStatus = false;
  }

  /** Fulfilled when everything is written. */
  async flush(): Promise<void> {
    await this.#tail;
  }

  #write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    // With standard error closed there is no place left to complain.
    this.#tail = this.#tail.then(() => this.#out.write(bytes)).catch(() => {});
  }
}
