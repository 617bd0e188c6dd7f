/**
 * Messages on standard error: permanent lines, and a status line below them that is overwritten.
 */
import { asStarted } from "../args/wording.ts";
import { cut } from "../output/table.ts";
import { withinTime } from "../http_server/time_limit.ts";
import { type Output, PROGRAM } from "./system.ts";

/** Maximum bytes that wait to be written. Further lines are dropped and counted. */
const MAX_WAITING = 1024 ** 2;

/** Moves to the first column and erases the line. */
const CLEAR_LINE = "\r\x1b[K";

/**
 * Characters that are escaped for terminals: control characters, which can rewrite the screen; bidirectional
 * marks and invisible characters, which make different names look the same; lone surrogates. Variation
 * selectors are not escaped: emoji need them.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufff9-\ufffb]|(?![\ufe00-\ufe0f])\p{DI}/gu;

/** Escapes control characters and invisible characters as Python does. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => {
    if (character === "\n") return "\\n";
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
    if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
    return `\\U${code.toString(16).padStart(8, "0")}`;
  });
}

/** Escapes a text of several lines, but not its line breaks. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** Formats JSON with the same characters escaped. Newlines are part of the indentation. */
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
  readonly #program: string;
  /** Whether status lines are shown. */
  readonly isTerminal: boolean;
  /** Writes how many lines were dropped. Default: as a line. */
  reportDropped = (report: string): void => this.line(report);
  #tail: Promise<void> = Promise.resolve();
  #hasStatus = false;
  #waiting = 0;
  #dropped = 0;

  /**
   * @param program how users start the command line
   * @param isTerminal whether `out` is a terminal that can erase a line
   */
  constructor(out: Output, program = PROGRAM, isTerminal = out.isTerminal) {
    this.#out = out;
    this.#program = program;
    this.isTerminal = isTerminal;
  }

  /**
   * Writes a permanent line in place of the status line. Lines are dropped while standard error is not read and
   * its queue is full; their number is reported later.
   */
  line(text: string): void {
    if (this.#waiting > MAX_WAITING) {
      this.#dropped++;
      return;
    }
    this.#write(
      `${this.#hasStatus ? CLEAR_LINE : ""}${printable(asStarted(text, this.#program))}\n`,
    );
    this.#hasStatus = false;
  }

  /** Replaces the status line. Does nothing if standard error is not a terminal. */
  status(text: string): void {
    this.drawStatus((columns) => cut(printable(text), columns - 1));
  }

  /**
   * Replaces the status line as `status` does.
   *
   * @param draw returns the line for a terminal of this width: printable, and shorter than the terminal
   */
  drawStatus(draw: (columns: number) => string): void {
    if (!this.isTerminal || this.#waiting > MAX_WAITING) return;
    this.#write(CLEAR_LINE + draw(this.#out.columns ?? 80));
    this.#hasStatus = true;
  }

  /** Makes the status line permanent. */
  keepStatus(): void {
    if (this.#hasStatus) this.#write("\n");
    this.#hasStatus = false;
  }

  /**
   * Standard output for the same terminal: what is written there comes after all messages, and replaces the status
   * line. If only one of them is a terminal, they are independent.
   */
  outputAfter(stdout: Output): Output {
    if (!stdout.isTerminal || !this.isTerminal) return stdout;
    return {
      isTerminal: true,
      get columns() {
        return stdout.columns;
      },
      write: async (bytes) => {
        if (this.#hasStatus) this.#write(CLEAR_LINE);
        this.#hasStatus = false;
        await this.flush();
        await stdout.write(bytes);
      },
    };
  }

  /** Resolves when everything is written, or after `limitMs` milliseconds. */
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
    this.reportDropped(report);
  }
}
