/** Random damage to images: the same seed gives the same image. */
import { between, pick, seededRandom } from "../../support/seed.ts";
import { bigEndian, KIB, latin1, littleEndian, patched } from "../images/layout.ts";
import { SAMPLES } from "../images/samples.ts";

type Random = () => number;
type Bytes = Uint8Array<ArrayBuffer>;

/** An image, and how it was made. */
export interface Mutant {
  readonly image: Bytes;
  readonly description: string;
}

const NAMES = Object.keys(SAMPLES);
const samples = new Map<string, Bytes>();

/** Made once: a campaign needs each of them often. */
function sampleOf(name: string): Bytes {
  const sample = samples.get(name) ?? SAMPLES[name]?.() ?? new Uint8Array();
  samples.set(name, sample);
  return sample;
}

/** Where headers, tables, and the first descriptors begin or end. */
const EDGES = [
  0,
  4,
  8,
  64,
  72,
  80,
  446,
  510,
  512,
  592,
  1024,
  1536,
  32 * KIB,
  34 * KIB,
  192 * KIB,
  256 * KIB,
];

const EXTREMES = [
  0n,
  1n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 512n,
  2n ** 64n - 1n,
];

const MAGICS = [
  "QFI\xfb",
  "QED\0",
  "conectix",
  "vhdxfile",
  "KDMV",
  "LUKS\xba\xbe",
  "\x7f\x10\xda\xbe",
  "\x55\xaa",
];

const WORDS = [
  "\n",
  "\0",
  "/",
  "#",
  "\r",
  "=",
  '"',
  'createType="',
  'createType="monolithicFlat"\n',
  'createType="monolithicSparse"\n',
  'RW 1 FLAT "/etc/passwd" 0\n',
  "NOACCESS ",
  'parentFileNameHint="/etc/passwd"\n',
  "ddb",
];

type Mutation = (image: Bytes, random: Random) => Bytes;

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  "flipped bits": (image, random) => {
    const copy = image.slice();
    for (let count = between(random, 1, 8); count > 0; count--) {
      copy[placeIn(image, random)]! ^= 1 << between(random, 0, 7);
    }
    return copy;
  },
  "cut": (image, random) => {
    const edge = pick(random, EDGES) + between(random, -2, 2);
    const end = random() < 0.7 ? edge : between(random, 0, image.length);
    return image.slice(0, Math.max(0, end));
  },
  "an extreme number": (image, random) => {
    const size = pick(random, [2, 4, 8]);
    const value = pick(random, EXTREMES);
    const bytes = random() < 0.5 ? littleEndian(size, value) : bigEndian(size, value);
    return patchedWithin(image, placeIn(image, random) & ~1, bytes);
  },
  "exchanged regions": (image, random) => {
    const length = between(random, 1, 600);
    const [a, b] = [placeIn(image, random), placeIn(image, random)];
    const first = image.slice(a, a + length);
    const second = image.slice(b, b + length);
    return patchedWithin(patchedWithin(image, a, second), b, first);
  },
  "the start of another image": (image, random) => {
    const other = sampleOf(pick(random, NAMES));
    return patchedWithin(image, 0, other.subarray(0, pick(random, EDGES)));
  },
  "the signature of another format": (image, random) =>
    patchedWithin(image, pick(random, EDGES), latin1(pick(random, MAGICS))),
  "a word": (image, random) =>
    patchedWithin(image, placeIn(image, random), latin1(pick(random, WORDS))),
  "an inserted word": (image, random) => {
    const place = placeIn(image, random);
    const word = latin1(pick(random, WORDS));
    return patched(image.slice(0, place), [place, word], [
      place + word.length,
      image.subarray(place),
    ]);
  },
  "more data": (image, random) => {
    const more = sampleOf(pick(random, NAMES)).subarray(0, between(random, 1, 4 * KIB));
    return patched(image, [image.length, more]);
  },
};

/** An offset: mostly one whose bytes have a meaning. */
function placeIn(image: Bytes, random: Random): number {
  const near = pick(random, EDGES) + between(random, 0, 100);
  const place = random() < 0.6 ? between(random, 0, 1023) : near;
  return Math.min(place, Math.max(0, image.length - 1));
}

/** Overwrites bytes without a change of the length. */
function patchedWithin(image: Bytes, offset: number, bytes: Uint8Array): Bytes {
  const copy = image.slice();
  copy.set(bytes.subarray(0, Math.max(0, image.length - offset)), Math.min(offset, image.length));
  return copy;
}

/** The image of a seed. */
export function mutantOf(seed: number): Mutant {
  const random = seededRandom(seed);
  const name = pick(random, NAMES);
  let image = sampleOf(name);
  const steps = [name];
  for (let count = between(random, 1, 3); count > 0; count--) {
    const step = pick(random, Object.keys(MUTATIONS));
    image = MUTATIONS[step]?.(image, random) ?? image;
    steps.push(step);
  }
  return { image, description: steps.join(", ") };
}
