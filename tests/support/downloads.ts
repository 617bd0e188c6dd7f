/** Downloads of the image of `image.ts` over a scripted network. */
import type { DownloadOptions } from "../../mod.ts";
import { type BodyStep, bytesOf } from "./bodies.ts";
import { BYTES, CALLER, chunksOf, ID } from "./image.ts";
import type { ClientHarness } from "./client_harness.ts";

/** The headers of a response with the whole image. */
export const LENGTH = { headers: { "content-length": String(BYTES.byteLength) } };

/** How a connection breaks. */
export const CUT = new TypeError("connection reset");

/** Chunks up to an offset, and what follows. */
export function until(byte: number, ...steps: readonly BodyStep[]): BodyStep[] {
  return [...chunksOf(BYTES.slice(0, byte)), ...steps];
}

/** All bytes of a download, with simulated time. */
export async function downloadAll(
  { service, clock }: Pick<ClientHarness, "service" | "clock">,
  options: DownloadOptions = {},
): Promise<Uint8Array> {
  return await clock.run(service.download(CALLER, ID, options).then(bytesOf));
}
