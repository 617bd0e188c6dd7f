/**
 * Creates an image with the data of a file, and compares what Glance has stored with what was sent. An image whose
 * data could not be stored is deleted.
 */
import { ApiClient } from "../../../../mod.ts";
import { UPLOAD_IMAGE_DATA } from "../../../api/operations/data.ts";
import { CREATE_IMAGE, DELETE_IMAGE, GET_IMAGE } from "../../../api/operations/images.ts";
import type { GlanceImage } from "../../../api/types.ts";
import { ImageIntegrityError, ImageUploadFailed } from "../../../errors.ts";
import { createHasher } from "../../../transfer/integrity/hashing.ts";
import { differenceBetween, HASH_ALGORITHM } from "../../../transfer/upload/compare_sent.ts";
import { CLIENT_OPTIONS, request, type User } from "../gateway.ts";
import { delay } from "../transfer/delay.ts";
import { fetchWithProgress } from "./fetch_with_progress.ts";

/** Milliseconds between two requests for the record while Glance stores the data. */
const POLL_INTERVAL = 2_000;

/** What the user has chosen. */
export interface ChosenImage {
  readonly name: string;
  readonly disk_format: string;
}

/** How a transfer is canceled, and where it reports its progress. */
export interface FileUploadOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (sent: number) => void;
}

/** Creates an image, and deletes it if `fill` fails or is canceled, or the tab is closed. */
export async function withNewImage<Result>(
  user: User,
  chosen: ChosenImage,
  signal: AbortSignal,
  fill: (id: string) => Promise<Result>,
): Promise<Result> {
  const image = { ...chosen, container_format: "bare" };
  // It is not aborted: the image of an aborted request may exist, and its id is unknown.
  const { id } = await request(user, CREATE_IMAGE, [image]);
  const leave = () => void request(user, DELETE_IMAGE, [id]).catch(() => {});
  addEventListener("pagehide", leave);
  try {
    signal.throwIfAborted();
    return await fill(id);
  } catch (error) {
    await request(user, DELETE_IMAGE, [id]).catch(() => {
      throw new ImageUploadFailed(
        `${
          error instanceof Error ? error.message : error
        }. The image "${id}" still exists; delete it`,
        { cause: error, imageId: id },
      );
    });
    throw error;
  } finally {
    removeEventListener("pagehide", leave);
  }
}

/** Uploads a file, and returns whether its hash or only its size was compared. */
export async function uploadFile(
  user: User,
  chosen: ChosenImage,
  file: File,
  { signal, onProgress }: FileUploadOptions,
): Promise<"hash" | "size"> {
  return await withNewImage(user, chosen, signal, async (id) => {
    const over = new AbortController();
    const end = () => over.abort(signal.reason);
    signal.addEventListener("abort", end);
    const hashing = hashOf(file, over.signal).catch((cause) => {
      const text =
        `Cannot upload "${file.name}": it cannot be read, or has changed; choose it again`;
      const error = new ImageUploadFailed(text, { cause, imageId: id });
      over.abort(error);
      throw error;
    });
    hashing.catch(() => {});
    try {
      const error = await send(user, id, file, { signal: over.signal, onProgress })
        .then(() => null, (error) => error);
      over.signal.throwIfAborted();
      const record = await storedRecord(user, id, error, over.signal);
      const digest = record.os_hash_algo === HASH_ALGORITHM ? await hashing : null;
      checkStored(id, record, { size: file.size, digest });
      return digest === null ? "size" : "hash";
    } finally {
      signal.removeEventListener("abort", end);
      over.abort();
    }
  });
}

/** Sends the data once. There is no time limit: a store may take long after the last byte. */
async function send({ context }: User, id: string, file: File, options: FileUploadOptions) {
  const { signal, onProgress } = options;
  const client = new ApiClient({ ...CLIENT_OPTIONS, fetch: fetchWithProgress(onProgress) });
  await client.request(context, UPLOAD_IMAGE_DATA, [id, file, { size: file.size }], {
    signal,
    retries: 0,
    onAttempt: (deadline) => deadline.arm(Infinity, () => {}),
  });
}

/** The record after the data was stored. After an error, Glance may be storing it: a proxy gives up before. */
async function storedRecord(
  user: User,
  id: string,
  error: unknown,
  signal: AbortSignal,
): Promise<GlanceImage> {
  for (;;) {
    const record = await request(user, GET_IMAGE, [id], signal).catch((failure) => {
      throw error ?? failure;
    });
    if (record.status === "active") return record;
    if (record.status !== "saving") {
      throw error ?? new ImageUploadFailed(
        `Cannot upload image "${id}": its data was accepted, and its status is ${record.status}; upload the file again`,
        { imageId: id },
      );
    }
    await delay(POLL_INTERVAL, signal);
  }
}

function checkStored(
  imageId: string,
  { size, os_hash_algo: algorithm, os_hash_value }: GlanceImage,
  sent: { readonly size: number; readonly digest: string | null },
): void {
  const difference = differenceBetween(sent, { size, algorithm, digest: os_hash_value });
  if (difference === null) return;
  throw new ImageIntegrityError(
    `Cannot accept the upload of image "${imageId}": Glance stored ${difference.actual} instead of ${difference.expected}; upload the file again`,
    { imageId, ...difference },
  );
}

async function hashOf(file: File, over: AbortSignal): Promise<string | null> {
  const hasher = await createHasher(HASH_ALGORITHM);
  const reader = file.stream().getReader();
  try {
    while (!over.aborted) {
      const { value } = await reader.read();
      if (value === undefined) break;
      hasher?.update(value);
    }
  } finally {
    await reader.cancel();
  }
  return hasher?.digest() ?? null;
}
