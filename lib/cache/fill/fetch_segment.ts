/** Fetches a segment of a slot from the origin. */
import type { Origin, OriginReader } from "./origin.ts";
import type { Segment } from "./segments.ts";

/** Bytes of one read from the origin. */
export const READ_SIZE = 256 * 1024;

/** The slot that receives the bytes. */
interface FilledSlot {
  readonly slot: { readonly start: number };
  readonly requests: { opened(segment: Segment): void };
  receive(segment: Segment, bytes: Uint8Array): void;
  end(segment: Segment, error?: unknown, origin?: Origin): void;
}

/** Fetches a segment. Never rejects: the slot passes the error to the readers that wait for the bytes. */
export async function fetchSegment(
  fill: FilledSlot,
  segment: Segment,
  origin: Origin,
): Promise<void> {
  const { slot: { start } } = fill;
  let reader: OriginReader | null = null;
  try {
    reader = await origin.open(start + segment.start, start + segment.end);
    fill.requests.opened(segment);
    const size = Math.min(READ_SIZE, segment.end - segment.start);
    let memory = new Uint8Array(size);
    while (segment.received < segment.end) {
      const chunk = await reader.read(memory);
      if (chunk === null) throw new Error("Cannot fill a slot: the origin ended early");
      origin.onBytes?.(chunk.byteLength);
      fill.receive(segment, chunk);
      // The reader has transferred the buffer to the chunk, which `receive` has copied. Its memory is reused, because
      // allocating costs more than copying.
      if (memory.byteLength === 0) {
        const { buffer } = chunk;
        memory = new Uint8Array(buffer.byteLength === size ? buffer : new ArrayBuffer(size));
      }
    }
    fill.end(segment);
  } catch (error) {
    fill.end(segment, error, origin);
  } finally {
    await reader?.cancel("the slot is filled").catch(() => {});
  }
}
