/**
 * Compares an exported record with the image that was created from it, by size and hashes. Pure.
 */
import type { Verify } from "../transfer/types.ts";
import { ImageIntegrityError, Invalid } from "../errors.ts";
import type { Image } from "../api/types.ts";
import { inspect } from "../validate.ts";
import type { PortableRecord } from "./export_image.ts";
import { VERIFY_AUTO } from "../message_parts.ts";

/** Options of the comparison of an image with its record. */
export interface CompareOptions {
  /**
   * `required` fails if no hash can be compared; `auto` then compares the size only.
   * Default: `"auto"`.
   */
  readonly verify?: Exclude<Verify, "off"> | undefined;
}

/** A value of the record and of the new image. */
type ComparedValue = readonly [
  measure: string,
  expected: string | number | null | undefined,
  actual: string | number | null | undefined,
];

/**
 * Compares a record with the image that was created from it. `digests` are those of the transferred bytes,
 * if they were hashed.
 *
 * @throws {ImageIntegrityError} if the size or a hash differs.
 * @throws {Invalid} with `required`, if there is no hash to compare.
 */
export function checkMatches(
  record: PortableRecord,
  image: Image,
  digests: ReadonlyMap<string, string>,
  verify: Exclude<Verify, "off">,
): void {
  const [here, there] = [record.osHashAlgo ?? "", image.osHashAlgo ?? ""];
  const size: ComparedValue = ["size", record.size, image.size];
  const md5: ComparedValue = ["md5", record.checksum, image.checksum];
  const same: ComparedValue = [here, record.osHashValue, here === there ? image.osHashValue : null];
  const sent: ComparedValue = [here, record.osHashValue, digests.get(here)];
  const stored: ComparedValue = [there, digests.get(there), image.osHashValue];
  for (const claim of [size, same, sent, stored, md5]) checkValue(image.id, claim);
  const isProven = isKnown(same) || isKnown(md5) || (isKnown(sent) && isKnown(stored));
  if (isProven || verify === "auto") return;
  throw new Invalid(
    `Cannot verify image "${image.id}": the sent and the stored data have no hash algorithm in common; use verify "auto" to compare the size only`,
    { imageId: image.id, messageParts: [VERIFY_AUTO] },
  );
}

/**
 * Checks before the transfer whether the data can be verified and has the size of its record.
 *
 * @throws {Invalid} if the mode is unknown, or, with `required`, the record has no hash.
 * @throws {ImageIntegrityError} if the size of the data is known and differs.
 */
export function checkRestorable(
  record: PortableRecord,
  size: number | null,
  verify: Exclude<Verify, "off">,
): void {
  if (verify !== "auto" && verify !== "required") {
    throw new Invalid(
      `Cannot restore with the option "verify": it is ${
        inspect(verify)
      } and must be "auto" or "required"`,
    );
  }
  if (verify === "required" && !record.osHashValue && !record.checksum) {
    throw new Invalid(
      `Cannot verify image ${
        inspect(record.name)
      }: its record has no hash; use verify "auto" to compare the size only`,
      { messageParts: [VERIFY_AUTO] },
    );
  }
  const claim: ComparedValue = ["size", record.size, size];
  if (isKnown(claim) && record.size !== size) throw differs(`image ${inspect(record.name)}`, claim);
}

function checkValue(imageId: string, claim: ComparedValue): void {
  const [, expected, actual] = claim;
  if (!isKnown(claim) || lower(expected) === lower(actual)) return;
  throw differs(`the copy "${imageId}"`, claim, imageId);
}

function differs(
  what: string,
  [measure, expected, actual]: ComparedValue,
  imageId?: string,
): ImageIntegrityError {
  return new ImageIntegrityError(
    `Cannot accept ${what}: its ${measure} is ${actual} instead of ${expected}; the data is not that of the record, or was changed in transit`,
    { imageId, expected: `${measure} ${expected}`, actual: `${measure} ${actual}` },
  );
}

function isKnown([, expected, actual]: ComparedValue): boolean {
  return [expected, actual].every((value) => value !== null && value !== undefined && value !== "");
}

function lower(value: unknown): string {
  return String(value).toLowerCase();
}
