/**
 * `POST /v2/images/{image_id}/locations`: adds existing data to an image by URL. If the URL can be
 * read, its data is hashed and compared with the hash in the request. This ends before the response
 * is sent; the outcome is in a task of the image.
 */

import type { ValidationData } from "../../api/types.ts";
import { type EmbeddedRequest, jsonBody } from "../request/request.ts";
import { conflict, Failure, forbidden } from "../http/errors.ts";
import { ImageHasher } from "../storage/hashing.ts";
import { checkImportFilter } from "./import_filter.ts";
import { isService, ownsOrService } from "../request/identity.ts";
import { unauthorized } from "../request/policy.ts";
import { checkAgainst, type NamedSchema } from "../http/json_schema.ts";
import { checkHash } from "../images/location_hashes.ts";
import { changeImage, visibleImage } from "../images/access.ts";
import { storeMetadata, webStoreId } from "../request/store_choice.ts";
import { checkFormats, type ImageRow, type TaskRow, withStatus } from "../storage/image_records.ts";
import { failedTask, newTask, succeededTask } from "../storage/task_records.ts";
import { openUrl } from "./location_data.ts";

const SCHEMA: NamedSchema = {
  name: "location",
  properties: {
    add_location: {
      type: "object",
      properties: {
        url: { type: "string" },
        validation_data: {
          type: "object",
          additionalProperties: false,
          properties: {
            os_hash_algo: {
              type: "string",
              maxLength: 64,
              enum: ["sha1", "sha256", "sha512", "md5"],
            },
            os_hash_value: { type: "string", maxLength: 128 },
          },
          dependentRequired: {
            os_hash_value: ["os_hash_algo"],
            os_hash_algo: ["os_hash_value"],
          },
        },
      },
      required: ["url"],
    },
  },
};

/** `POST /v2/images/{image_id}/locations`: any URL for services, http and https URLs for owners. */
export async function addLocation(call: EmbeddedRequest): Promise<Response> {
  const { url, expected } = await newLocation(call);
  const row = visibleImage(call);
  checkStatus(row);
  if (!ownsOrService(call.identity, row)) throw unauthorized(call.action);
  if (!isService(call.identity) && !url.startsWith("http")) {
    throw forbidden("http store must be enabled to use location API by normal user.");
  }
  if (/^https?:/i.test(url)) checkImportFilter(call.cloud.importFilter, url, "add location");
  if (expected !== null) checkHash(expected);
  const location = { url, metadata: storeMetadata(call.cloud, webStoreId(call.cloud)), key: null };
  await changeImage(call, (current) => {
    checkStatus(current);
    checkFormats(current);
    return { ...withStatus(current, "importing"), locations: [location] };
  });
  const input = { image_id: row.id, loc_url: url, validation_data: expected ?? {} };
  const task = newTask(call, "location_import", input);
  const measured = await measuredData(call, url, expected);
  await changeImage(call, (current) => ended(call, current, task, measured, expected));
  return new Response(null, { status: 202 });
}

async function newLocation(
  call: EmbeddedRequest,
): Promise<{ url: string; expected: ValidationData | null }> {
  const body = await jsonBody(call);
  checkAgainst(SCHEMA, { add_location: body });
  // Checked by the schema.
  const { url, validation_data: data = {} } = body as unknown as {
    url: string;
    validation_data?: Partial<ValidationData>;
  };
  const { os_hash_algo, os_hash_value } = data;
  return {
    url,
    expected: os_hash_algo === undefined || os_hash_value === undefined
      ? null
      : { os_hash_algo, os_hash_value },
  };
}

function checkStatus({ status }: ImageRow): void {
  if (status === "queued") return;
  throw conflict(`It's not allowed to add locations if image status is ${status}.`);
}

/** Measurements of the data. */
type Measured = Pick<ImageRow, "size" | "checksum" | "os_hash_algo" | "os_hash_value">;

/** Reads and hashes the data; null if it cannot be read. */
async function measuredData(
  { cloud }: EmbeddedRequest,
  url: string,
  expected: ValidationData | null,
): Promise<Measured | null> {
  const algorithm = expected?.os_hash_algo ?? cloud.hashAlgorithm;
  const hasher = new ImageHasher(algorithm);
  let size = 0;
  try {
    for await (const chunk of await openUrl(cloud, url, cloud.importFilter) ?? []) {
      size += chunk.byteLength;
      hasher.update(chunk);
    }
  } catch (error) {
    if (!(error instanceof Failure)) cloud.onError(error);
    return null;
  }
  const { checksum, hashValue } = hasher.digests();
  return { size, checksum, os_hash_algo: algorithm, os_hash_value: hashValue };
}

/**
 * The image after the location was added: `active`, or `queued` if the request has a hash, and the data
 * has another one or cannot be read. Without the option `fetch`, nothing is compared, as in a Glance with
 * `do_secure_hash = false`.
 */
function ended(
  call: EmbeddedRequest,
  row: ImageRow,
  task: TaskRow,
  measured: Measured | null,
  expected: ValidationData | null,
): ImageRow {
  const isWrong = expected !== null && call.cloud.fetch !== null &&
    measured?.os_hash_value !== expected.os_hash_value.toLowerCase();
  const end = isWrong ? failedTask(call, task) : succeededTask(call, task, row.id);
  const tasks = [...row.tasks, end];
  const { updated_at } = end;
  // Glance keeps the location, because its http store cannot delete data.
  if (isWrong) return { ...withStatus(row, "queued"), tasks, updated_at };
  return { ...withStatus(row, "active"), ...expected, ...measured, tasks, updated_at };
}
