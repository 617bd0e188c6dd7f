/** Fetches a segment of a slot from the origin. */
import type { Origin, OriginReader } from "./origin.ts";
import type { Segment } from "./segments.ts";

/** Bytes of one read from the origin. */
export const READ_SIZE = 256 * 1024;

/** A slot that takes the bytes. */
interface FilledSlot {
  readonly slot: { readonly start: number };
  mayReceive(segment: Segment): Promise<void>;
  receive(segment: Segment, bytes: Uint8Array): void;
  end(segment: Segment, error?: unknown, origin?: Origin): void;
}

/** Fetches a segment. Never rejects: the slot gets the error, for readers that wait for the bytes. */
export async function fetchSegment(
  fill: FilledSlot,
  segment: Segment,
  origin: Origin,
): Promise<void> {
  const { slot: { start } } = fill;
  let reader: OriginReader | null = null;
  try {
    reader = await origin.open(start + segment.start, start + segment.end);
    while (segment.received < segment.end) {
      await fill.mayReceive(segment);
      const chunk = await reader.read(new Uint8Array(READ_SIZE));
      if (chunk === null) throw new Error("Cannot fill a slot: the origin ended early");
      origin.onBytes?.(chunk.byteLength);
      fill.receive(segment, chunk);
    }
    fill.end(segment);
  } catch (error) {
    fill.end(segment, error, origin);
  } finally {
    await reader?.cancel("the slot is filled").catch(() => {});
  }
}
