/**
 * MariaDB's collation `utf8mb3_general_ci`, which Glance's database uses: case, accents, and
 * trailing spaces are ignored. Each character has the weight of its uppercase base letter, without
 * expansions, so `ß` equals `s`, not `ss`.
 */

/** Scripts whose case the collation ignores. */
const FOLDED =
  /[\0-\u024f\u0370-\u0481\u048a-\u04f9\u0531-\u0587\u1e00-\u1ffe\u2160-\u217f\u24b6-\u24e9\uff21-\uff5a]/;

/** Characters of these scripts whose case is significant: Unicode added their other case later. */
const UNFOLDED = new RegExp(
  "[\\u0180\\u019a\\u019b\\u019e\\u023c\\u023f\\u0240\\u0242\\u0247\\u0249\\u024b\\u024d\\u024f" +
    "\\u0371\\u0373\\u0374\\u0377\\u037b-\\u037e\\u0385\\u0387\\u03d7\\u03d9\\u03f3\\u03f5\\u03f8" +
    "\\u03fb\\u0419\\u048b\\u04c6\\u04ca\\u04ce\\u04cf\\u04f7\\u1efb\\u1efd\\u1eff\\u1fbb\\u1fc1" +
    "\\u1fc9\\u1fcb\\u1fcd-\\u1fcf\\u1fd3\\u1fdb\\u1fdd-\\u1fdf\\u1fe3\\u1feb\\u1fed-\\u1fef\\u1ff9" +
    "\\u1ffb\\u1ffd]",
);

/** Irregular characters, each followed by its weight. */
const SPECIAL: ReadonlyMap<string, string> = new Map(
  ("ßS ɓƁ ɔƆ ɖƉ ɗƊ əƏ ɛƐ ɠƓ ɣƔ ɨƗ ɩƖ ɯƜ ɲƝ ɵƟ ʀƦ ʃƩ ʈƮ ʊƱ ʋƲ ʒƷ \u0345\u0399 ϲΣ " +
    "\u0439\u0419 \u1f71\u1fbb \u1f73\u1fc9 \u1f75\u1fcb \u1f77\u1fdb \u1f79\u1ff9 \u1f7b\u1feb " +
    "\u1f7d\u1ffb").split(" ").map(([character = "", weight = ""]) => [character, weight]),
);

/** Text that needs only case folding. */
const ASCII = /^[\0-\x7f]*$/;

/** Folds a text: two texts are equal in the database if and only if their folded forms are. */
export function fold(text: string): string {
  const weights = ASCII.test(text) ? text.toUpperCase() : Array.from(text, weightOf).join("");
  // A regular expression would need quadratic time for long runs of spaces.
  let end = weights.length;
  while (weights[end - 1] === " ") end--;
  return weights.slice(0, end);
}

/** True if the database considers the texts equal. */
export function isSameText(a: string, b: string): boolean {
  return fold(a) === fold(b);
}

/** Compares two texts; the shorter one is padded with spaces. */
export function compareText(a: string, b: string): number {
  const [left, right] = [fold(a), fold(b)];
  const length = Math.max(left.length, right.length);
  const [first, second] = [left.padEnd(length), right.padEnd(length)];
  return first < second ? -1 : first > second ? 1 : 0;
}

function weightOf(character: string): string {
  const special = SPECIAL.get(character);
  if (special !== undefined) return special;
  if (!FOLDED.test(character) || UNFOLDED.test(character)) return character;
  const upper = base(character).toUpperCase();
  return base(upper.length === 1 ? upper : character);
}

/** The character without accents. */
function base(character: string): string {
  return character.normalize("NFD").charAt(0);
}
