/** Parses checksums of files, as users write them or as they are published in a file next to the data. Pure. */
import { ChecksumMissing, Invalid } from "../../errors.ts";
import { inspect } from "../../validate.ts";

/** A hash of a file. */
export interface Checksum {
  /** Name of the algorithm: `sha256`. */
  readonly algorithm: string;
  /** In lower-case hexadecimal. */
  readonly digest: string;
}

/** The algorithms, weakest first, and the length of their digests in hexadecimal. */
const DIGEST_LENGTHS: Readonly<Record<string, number>> = {
  md5: 32,
  sha1: 40,
  sha224: 56,
  sha256: 64,
  sha384: 96,
  sha512: 128,
};

const ALGORITHMS = /* @__PURE__ */ Object.keys(DIGEST_LENGTHS);

/**
 * Parses `ALGORITHM:DIGEST`.
 *
 * @throws {Invalid} if it does not have this form.
 */
export function parseChecksum(text: string): Checksum {
  const [, name = "", hexadecimal = ""] = /^([\w-]+):([0-9a-f]+)$/i.exec(String(text).trim()) ?? [];
  const [algorithm, digest] = [name.replace("-", "").toLowerCase(), hexadecimal.toLowerCase()];
  if (digest !== "" && DIGEST_LENGTHS[algorithm] === digest.length) return { algorithm, digest };
  throw new Invalid(
    `Cannot use the checksum ${
      inspect(text)
    }: it must be ALGORITHM:DIGEST, for example sha256: and 64 hexadecimal digits; the algorithms are ${
      ALGORITHMS.join(", ")
    }`,
  );
}

/** A line of a checksum file. */
interface Entry extends Checksum {
  /** Path of the file; null if the line has only a digest. */
  readonly path: string | null;
}

/** The checksums that a file lists, and whether it has an OpenPGP signature. */
export interface ChecksumFile {
  readonly entries: readonly Entry[];
  readonly isSigned: boolean;
}

/**
 * Parses the lines of `sha256sum` (GNU), `sha256` (BSD, `--tag`), `openssl dgst`, and of a digest alone, with
 * `sha256:` before it as well. Others are ignored.
 */
export function parseChecksumFile(text: string): ChecksumFile {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  const isSigned = lines.includes("-----BEGIN PGP SIGNED MESSAGE-----");
  const signature = lines.indexOf("-----BEGIN PGP SIGNATURE-----");
  const body = (signature < 0 ? lines : lines.slice(0, signature))
    .map((line) => isSigned ? line.replace(/^- /, "") : line);
  const entries = body.map(parseLine).filter((entry) => entry !== null);
  return { entries, isSigned: isSigned || signature >= 0 };
}

function parseLine(line: string): Entry | null {
  const text = line.trim();
  const [, bsdEscape, name = "", bsdPath, bsdDigest = ""] =
    /^(\\?)([\w-]+) ?\((.+)\) ?= ?([0-9a-f]+)$/i.exec(text) ?? [];
  if (bsdPath !== undefined) {
    const algorithm = algorithmOf(name);
    if (DIGEST_LENGTHS[algorithm] !== bsdDigest.length) return null;
    const path = bsdEscape === "" ? bsdPath : unescaped(bsdPath);
    return { algorithm, digest: bsdDigest.toLowerCase(), path };
  }
  const [, escape, prefix, digest = "", path] =
    /^(\\?)(?:([\w-]+):)?([0-9a-f]{32,128})(?:\s+\*?(.+))?$/i.exec(text) ?? [];
  const algorithm = ALGORITHMS.find((name) => DIGEST_LENGTHS[name] === digest.length);
  const isOther = prefix !== undefined && algorithmOf(prefix) !== algorithm;
  if (algorithm === undefined || isOther) return null;
  // A file that `sha256sum` has read from its standard input has the name `-`.
  const isUnnamed = path === undefined || path === "-";
  return {
    algorithm,
    digest: digest.toLowerCase(),
    path: isUnnamed ? null : escape === "" ? path : unescaped(path),
  };
}

/** OpenSSL 3 writes `SHA2-256`, others `SHA-256`. */
function algorithmOf(name: string): string {
  return name.toLowerCase().replace(/^sha2?-/, "sha");
}

/** `sha256sum` escapes a name with a backslash, line feed, or carriage return, and marks its line. */
function unescaped(name: string): string {
  const characters: Readonly<Record<string, string>> = { n: "\n", r: "\r" };
  return name.replaceAll(/\\(.)/g, (_, character: string) => characters[character] ?? character);
}

/**
 * The strongest checksum of a file, by the end of its path. The name in a checksum file that is named after the file is
 * not compared.
 *
 * @param source the checksum file, for messages
 * @throws {ChecksumMissing} if the checksum file does not list it; the error has the names that it lists.
 * @throws {Invalid} if it lists different checksums for it.
 */
export function checksumFor(file: ChecksumFile, path: string, source: string): Checksum {
  const found = entriesFor(file.entries, path, source);
  const strength = ({ algorithm }: Checksum) => ALGORITHMS.indexOf(algorithm);
  const [best, ...others] = found.toSorted((a, b) => strength(b) - strength(a));
  const name = segmentsOf(path).at(-1) ?? "";
  if (best === undefined) throw missing(file, name, source);
  const other = others.find(({ algorithm, digest }) =>
    algorithm === best.algorithm && digest !== best.digest
  );
  if (other === undefined) return { algorithm: best.algorithm, digest: best.digest };
  throw new Invalid(
    `Cannot verify "${name}": "${source}" lists it twice, with different checksums; pass the right one`,
  );
}

function entriesFor(
  entries: readonly Entry[],
  path: string,
  source: string,
): readonly Entry[] {
  // Digests of one file, each by another algorithm.
  const areUnnamed = entries.every((entry) => entry.path === null);
  if (areUnnamed && new Set(entries.map(({ algorithm }) => algorithm)).size === entries.length) {
    return entries;
  }
  const segmentsOfImage = segmentsOf(path);
  const named = entries.filter((entry) =>
    segmentsOf(entry.path ?? "").at(-1) === segmentsOfImage.at(-1)
  );
  // The same name may be in several directories.
  const exact = named.filter((entry) => {
    const segments = segmentsOf(entry.path ?? "");
    return segments.join("/") === segmentsOfImage.slice(-segments.length).join("/");
  });
  const longest = Math.max(...exact.map((entry) => segmentsOf(entry.path ?? "").length));
  const best = exact.filter((entry) => segmentsOf(entry.path ?? "").length === longest);
  if (best.length > 0) return best;
  return named.length === 0 && isOwnFile(entries, path, source) ? entries : named;
}

/**
 * Whether a checksum file is that of one file, such as `disk.qcow2.sha256`. Mirrors that rename a file, or have an alias
 * for the latest one, do not change the name in it.
 */
function isOwnFile(entries: readonly Entry[], path: string, source: string): boolean {
  const [name = "", own = ""] = [path, source].map((one) => segmentsOf(one).at(-1));
  const names = new Set(entries.map((entry) => entry.path));
  return names.size === 1 && /^\.(md5|sha\d+)(sums?)?$/i.test(own.slice(name.length)) &&
    own.startsWith(name);
}

function segmentsOf(path: string): readonly string[] {
  // Programs of Windows write backslashes.
  return path.split(/[/\\]/).filter((segment) => segment !== "" && segment !== ".");
}

/** Names that an error lists. */
const LISTED = 20;

function missing({ entries }: ChecksumFile, name: string, source: string): ChecksumMissing {
  const names = [...new Set(entries.flatMap(({ path }) => path ?? []))].slice(0, LISTED);
  const state = names.length === 0
    ? `"${source}" has no checksums as sha256sum, openssl or BSD write them; check its URL, or pass the checksum itself`
    : `"${source}" does not list it, but ${
      names.map((other) => `"${other}"`).join(", ")
    }; check both URLs, or pass the checksum itself`;
  return new ChecksumMissing(`Cannot verify "${name}": ${state}`, { names });
}
