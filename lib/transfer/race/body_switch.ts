/** The open body of a reader, which a body of another server may replace. */
import { concat } from "../../concat.ts";
import { ServerUnreachable } from "../../errors.ts";
import { Deadline } from "../../http/deadline.ts";
import type { Chunk } from "../body_reader.ts";
import type { RangeBody } from "../download/range_body.ts";
import type { BodyRace, RaceOptions } from "./body_race.ts";

/** Milliseconds after which the rate of a body is measured. The code is loaded then: short downloads do not need it. */
const WATCH_AFTER = 400;

/** Holds the open body. */
export class BodySwitch {
  readonly #options: RaceOptions;
  #body: RangeBody | null = null;
  #server = "";
  #position = 0;
  #isReading = false;
  /** Monitors the body; null until its code is loaded. */
  #race: BodyRace | null = null;
  #cancelLoad: (() => void) | undefined;

  constructor(options: RaceOptions) {
    this.#options = options;
  }

  /** The body; null if none is open. */
  get body(): RangeBody | null {
    return this.#body;
  }

  /** Offset in the image after the last byte that a read has returned. */
  get position(): number {
    return this.#position;
  }

  /** Endpoint root of the server of the last body. */
  get server(): string {
    return this.#server;
  }

  /** Continues with another body. */
  start(body: RangeBody): void {
    const { options, secondSource } = this.#options;
    this.#body = body;
    this.#server = body.response.server;
    this.#position = body.position;
    this.#race?.watch();
    if (this.#race !== null || secondSource === undefined) return;
    this.#cancelLoad?.();
    this.#cancelLoad = options.timer(WATCH_AFTER, () => void this.#load().catch(() => {}));
  }

  /** The next bytes of the body; null at its end, undefined if another body has replaced it. */
  async read(memory: Chunk): Promise<Chunk | null | undefined> {
    if (this.#body === null) return undefined;
    this.#race?.begin();
    const body = this.#body;
    this.#isReading = true;
    let bytes = 0;
    try {
      const chunk = await body.read(memory);
      if (this.#isReplaced(body)) return undefined;
      this.#position = body.position;
      bytes = chunk?.byteLength ?? 0;
      return chunk;
    } catch (error) {
      if (this.#isReplaced(body)) return undefined;
      throw error;
    } finally {
      this.#isReading = false;
      this.#race?.end(bytes);
    }
  }

  /** Closes the body. */
  async close(reason: unknown): Promise<void> {
    const body = this.#body;
    this.#body = null;
    this.#cancelLoad?.();
    await Promise.all([body?.response.close(reason), this.#race?.close(reason)]);
  }

  #isReplaced(body: RangeBody): boolean {
    return this.#body !== null && this.#body !== body;
  }

  async #load(): Promise<void> {
    const { BodyRace } = await import("./body_race.ts");
    if (this.#body === null || this.#race !== null) return;
    this.#race = new BodyRace(this, this.#options, { concat, Deadline, ServerUnreachable });
    this.#race.watch();
    if (this.#isReading) this.#race.begin();
  }
}
