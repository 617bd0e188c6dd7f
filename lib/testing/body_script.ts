/** Response bodies that a simulated server sends. */
import { NEVER, type SimulatedClock } from "./clock.ts";
import type { Links } from "./links.ts";
import { between } from "./seed.ts";

/** Largest chunk in bytes. */
const CHUNK_MAX = 9_000;

/** A body, planned before its first byte is sent. */
export interface BodyScript {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Milliseconds before each chunk, and before the end. */
  readonly interval: number;
  /** What happens after the bytes. */
  readonly end: "close" | "reset" | "stall";
}

/** The parts of the cluster that a body uses. */
export interface BodyEnvironment {
  readonly clock: SimulatedClock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly links: Links;
  /** Index of the server that sends it. */
  readonly server: number;
  /** Throws during an outage of all servers. */
  readonly checkAway: () => void;
  /** Holds the script until its body has ended. */
  readonly open: Set<BodyScript>;
  /** Called after each chunk with its length. */
  readonly onSent: (bytes: number) => void;
}

/** Plays a script in chunks of random size. */
export function openBody(
  script: BodyScript,
  { clock, random, signal, links, server, checkAway, open, onSent }: BodyEnvironment,
): ReadableStream<Uint8Array> {
  const { bytes, interval, end } = script;
  let offset = 0;
  open.add(script);
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      signal.addEventListener("abort", () => {
        if (open.delete(script)) controller.error(signal.reason);
      }, { once: true });
    },
    async pull(controller) {
      const since = clock.now();
      await clock.sleep(interval, signal);
      const length = between(random, 1, links.chunkLimit(server, CHUNK_MAX));
      const chunk = bytes.slice(offset, offset + length);
      await links.transfer(server, chunk.byteLength, since, signal);
      try {
        checkAway();
      } catch (error) {
        open.delete(script);
        throw error;
      }
      if (offset < bytes.byteLength) {
        offset += chunk.byteLength;
        onSent(chunk.byteLength);
        return controller.enqueue(chunk);
      }
      if (end === "stall") await clock.sleep(NEVER, signal);
      open.delete(script);
      if (end === "reset") return controller.error(new TypeError("connection reset"));
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel: () => void open.delete(script),
  }, { highWaterMark: 0 });
}
