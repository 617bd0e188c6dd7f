/**
 * Content negotiation with the `Accept` header (RFC 9110, section 12.5.1), as WebOb does it. The
 * standard library's `accepts` differs for a missing or invalid header, for an empty one, and for media
 * ranges with parameters.
 */

/** One media range with its parameters and weight. An empty list element is valid, too. */
const MEDIA_RANGE = (() => {
  const token = "[\\w!#$%&'*+.^`|~-]+";
  const parameter = `\\s*;\\s*(?!q=)${token}=(?:${token}|"[^"]*")`;
  const weight = "\\s*;\\s*q=(?:0(?:\\.\\d{0,3})?|1(?:\\.0{0,3})?)";
  return new RegExp(
    `^(?:${token}/${token}(?:${parameter})*(?:${weight}(?:${parameter})*)?)?$`,
    "i",
  );
})();

/**
 * The offer with the highest weight; on a tie the earlier one, null if none is acceptable. As in
 * WebOb, a missing header accepts nothing and an invalid one accepts everything.
 */
export function bestOffer(accept: string | null, offers: readonly string[]): string | null {
  const texts = (accept ?? "").split(",").map((text) => text.trim());
  if (!texts.every((text) => MEDIA_RANGE.test(text))) return offers[0] ?? null;
  const ranges = texts.map(parseRange);
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
  return { type, weight: weight === undefined ? 1 : Number(weight.slice(2)) };
}

/** The weight of the most specific matching range. */
function weightOf(offer: string, ranges: readonly MediaRange[]): number {
  const family = `${offer.split("/")[0]}/*`;
  for (const pattern of [offer, family, "*/*"]) {
    const range = ranges.find(({ type }) => type === pattern);
    if (range !== undefined) return range.weight;
  }
  return 0;
}
