/**
 * Which of several media types a caller would rather have, by its `Accept` header (RFC 9110,
 * section 12.5.1).
 *
 * @module
 */

/**
 * The offer that `accept` weighs highest; the earlier offer wins a tie, null is "none of them".
 * No header accepts everything.
 */
export function bestOffer(accept: string | null, offers: readonly string[]): string | null {
  if (accept === null || accept.trim() === "") return offers[0] ?? null;
  const ranges = accept.split(",").map(parseRange);
  let best: string | null = null;
  let bestWeight = 0;
  for (const offer of offers) {
    const weight = weightOf(offer, ranges);
    if (weight > bestWeight) [best, bestWeight] = [offer, weight];
  }
  return best;
}

interface MediaRange {
  readonly type: string;
  readonly weight: number;
}

function parseRange(text: string): MediaRange {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="));
  const value = weight === undefined ? 1 : Number(weight.slice(2));
  return { type, weight: Number.isNaN(value) ? 0 : value };
}

/** The most specific range that matches decides. */
function weightOf(offer: string, ranges: readonly MediaRange[]): number {
  const family = `${offer.split("/")[0]}/*`;
  for (const pattern of [offer, family, "*/*"]) {
    const range = ranges.find(({ type }) => type === pattern);
    if (range !== undefined) return range.weight;
  }
  return 0;
}
