/**
 * Whether what was stored is what was exported, by everything that either side says of its data. Pure.
 *
 * @module
 */
import type { Verify } from "../transfer/types.ts";
import { ImageIntegrityError, Invalid } from "../errors.ts";
import type { Image } from "../api/types.ts";
import { inspect } from "../validate.ts";
import type { PortableRecord } from "./export_image.ts";

/** How strict the comparison is. */
export interface SameOptions {
  /**
   * `required` takes no image of which a hash cannot be compared.
   * @default {"auto"}
   */
  readonly verify?: Exclude<Verify, "off">;
}

/** What one side says, and the other. */
type Claim = readonly [
  measure: string,
  expected: string | number | null | undefined,
  actual: string | number | null | undefined,
];

/**
 * Compares a record with the image that was made of it. `digests` are those of the bytes on their way,
 * where they were hashed.
 *
 * @throws {ImageIntegrityError} where a size or a hash differs.
 * @throws {Invalid} with `required`, where there is no hash to compare.
 */
export function checkSame(
  record: PortableRecord,
  image: Image,
  digests: ReadonlyMap<string, string>,
  verify: Exclude<Verify, "off">,
): void {
  const [here, there] = [record.osHashAlgo ?? "", image.osHashAlgo ?? ""];
  const size: Claim = ["size", record.size, image.size];
  const md5: Claim = ["md5", record.checksum, image.checksum];
  const same: Claim = [here, record.osHashValue, here === there ? image.osHashValue : null];
  const sent: Claim = [here, record.osHashValue, digests.get(here)];
  const stored: Claim = [there, digests.get(there), image.osHashValue];
  for (const claim of [size, same, sent, stored, md5]) checkClaim(image.id, claim);
  const isProven = isKnown(same) || isKnown(md5) || (isKnown(sent) && isKnown(stored));
  if (isProven || verify === "auto") return;
  throw new Invalid(
    `Cannot verify image "${image.id}": what was sent and what is stored have no hash in common; use verify "auto" to compare the size only`,
    { imageId: image.id },
  );
}

/**
 * Refuses beforehand what cannot be verified, or is not the data of its record.
 *
 * @throws {Invalid} for a mode that there is not; with `required`, where the record has no hash.
 * @throws {ImageIntegrityError} where the size of the data is known and another.
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
    );
  }
  const claim: Claim = ["size", record.size, size];
  if (isKnown(claim) && record.size !== size) throw differs(`image ${inspect(record.name)}`, claim);
}

function checkClaim(imageId: string, claim: Claim): void {
  const [, expected, actual] = claim;
  if (!isKnown(claim) || lower(expected) === lower(actual)) return;
  throw differs(`the copy "${imageId}"`, claim, imageId);
}

function differs(
  what: string,
  [measure, expected, actual]: Claim,
  imageId?: string,
): ImageIntegrityError {
  return new ImageIntegrityError(
    `Cannot accept ${what}: its ${measure} is ${actual} instead of ${expected}; the data is not that of the record, or was changed on its way`,
    { imageId, expected: `${measure} ${expected}`, actual: `${measure} ${actual}` },
  );
}

function isKnown([, expected, actual]: Claim): boolean {
  return [expected, actual].every((value) => value !== null && value !== undefined && value !== "");
}

function lower(value: unknown): string {
  return String(value).toLowerCase();
}
