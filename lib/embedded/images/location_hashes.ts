/** Hashes in a request that adds a location: `validation_data`. */

import type { ImageLocation, ValidationData } from "../../api/types.ts";
import { badRequest, conflict } from "../http/errors.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import type { ImageRow } from "../storage/image_records.ts";

/** Digest sizes in bytes, from Python's hashlib. */
const DIGEST_BYTES: Readonly<Record<string, number>> = {
  md5: 16,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

/** Hashes in a request. The older API (PATCH) also accepts `checksum`. */
export interface ExpectedHashes extends Partial<ValidationData> {
  readonly checksum?: string;
}

/**
 * The hashes in the request that the image does not have yet.
 *
 * @throws {Failure} 409 if they contradict each other or the image, if the image is not queued, or if
 * they are invalid.
 */
export function checkExpected(
  cloud: EmbeddedCloud,
  row: ImageRow,
  locations: readonly ImageLocation[],
): ExpectedHashes {
  const named: Record<string, string> = {};
  for (const [key, value] of locations.flatMap((l) => Object.entries(l.validation_data ?? {}))) {
    if ((named[key] ?? value) !== value) throw conflict(`Conflicting values for ${key}`);
    named[key] = String(value);
  }
  const added: Record<string, string> = {};
  for (const key of ["checksum", "os_hash_algo", "os_hash_value"] as const) {
    const value = named[key];
    if (value === undefined || value === row[key]) continue;
    if (row[key]) throw conflict(`${key} is already set with a different value`);
    added[key] = value;
  }
  const keys = Object.keys(added);
  if (keys.length === 0) return {};
  if (row.status !== "queued") {
    throw conflict(
      `New value(s) for ${keys.join(", ")} may only be provided when image status is 'queued'`,
    );
  }
  checkDigests(cloud, added);
  return added;
}

/**
 * Checks the hash in a request of the location API (2.17).
 *
 * @throws {Failure} 400 if it is invalid.
 */
export function checkHash({ os_hash_algo: algo, os_hash_value: value }: ValidationData): void {
  if (!/^([0-9a-f]{2})*$/i.test(value)) {
    throw badRequest(`os_hash_value (${value}) is not a valid hexadecimal value`);
  }
  const bytes = DIGEST_BYTES[algo];
  if (bytes === undefined || value.length === bytes * 2) return;
  throw badRequest(
    `os_hash_value: (${value}) is not the correct size for (${algo}) (should be (${bytes}) bytes)`,
  );
}

function checkDigests(cloud: EmbeddedCloud, expected: ExpectedHashes): void {
  const { checksum, os_hash_algo: algo, os_hash_value: value = "" } = expected;
  if (checksum !== undefined && !/^([0-9a-f]{2})*$/i.test(checksum)) {
    throw conflict(`checksum (${checksum}) is not a valid hexadecimal value`);
  }
  if (algo !== cloud.hashAlgorithm) {
    throw conflict(`os_hash_algo must be ${cloud.hashAlgorithm}, not ${algo ?? "None"}`);
  }
  if (!/^([0-9a-f]{2})*$/i.test(value)) {
    throw conflict(`os_hash_value (${value}) is not a valid hexadecimal value`);
  }
  const bytes = DIGEST_BYTES[algo];
  if (bytes !== undefined && value.length !== bytes * 2) {
    throw conflict(
      `os_hash_value (${value}) is not the correct size for ${algo} (should be ${bytes} bytes)`,
    );
  }
}
