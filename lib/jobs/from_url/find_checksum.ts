/** Finds the published checksum of a source. */
import { concat } from "../../concat.ts";
import { decodeText } from "./decode_text.ts";
import { Invalid } from "../../errors.ts";
import { ignoringErrors } from "../../events.ts";
import type { ResolvedOptions } from "../../options.ts";
import { redact } from "../../redact.ts";
import { createHasher } from "../../transfer/integrity/hashing.ts";
import { checkUrl } from "../url_source.ts";
import { type Checksum, checksumFor, parseChecksum, parseChecksumFile } from "./checksums.ts";
import { UrlReader } from "./url_reader.ts";

/** The hash of a source, or where it is published. */
export interface ChecksumOptions {
  /** Hash of the source as it is published, before it is decompressed: `sha256:9f86…`. */
  readonly checksum?: string | undefined;
  /**
   * URL of a file that lists the hash of the source, as `sha256sum` writes it, with or without `--tag`. If it
   * lists several, the strongest is used. An OpenPGP signature in it is not verified.
   */
  readonly checksums?: string | undefined;
  /**
   * Name of the source in the checksum file.
   * Default: the last segment of its URL.
   */
  readonly fileName?: string | undefined;
  /** Called with remarks: that a signature is not verified, or that a broken connection may not be detected. */
  readonly onNotice?: ((message: string) => void) | undefined;
}

/** Maximum size of a checksum file. */
const CHECKSUM_FILE_BYTES = 4 * 1024 ** 2;

/**
 * The checksum of a source, as given or from a checksum file; null if there is neither.
 *
 * @throws {Invalid} if both are given, or one is invalid.
 * @throws {ChecksumMissing} if the checksum file does not list the source.
 */
export async function findChecksum(
  options: ResolvedOptions,
  url: string | null,
  { checksum, checksums, fileName, onNotice }: ChecksumOptions,
  signal: AbortSignal | undefined,
): Promise<Checksum | null> {
  if (checksum !== undefined && checksums !== undefined) {
    throw new Invalid(
      'Cannot use "checksum" together with "checksums": each is the hash of the source; leave one of them out',
    );
  }
  if (checksum !== undefined) return parseChecksum(checksum);
  if (checksums === undefined) return null;
  checkUrl(checksums);
  const path = fileName ?? (url === null ? undefined : pathOf(url));
  if (path === undefined) {
    throw new Invalid(
      'Cannot find the data in a checksum file: its name is unknown; set "fileName"',
      { messageParts: [{ key: "fileName", text: 'set "fileName"' }] },
    );
  }
  const file = parseChecksumFile(await readText(options, checksums, signal));
  if (file.isSigned) ignoringErrors(onNotice)(signatureNotice(redact(checksums)));
  return checksumFor(file, path, redact(checksums));
}

/** The notice for a checksum file with an OpenPGP signature. */
export function signatureNotice(source: string): string {
  return `The OpenPGP signature of "${source}" is not verified; only its checksums are used`;
}

/** The decoded path of a URL, without its query. */
export function pathOf(url: string): string {
  const pathname = URL.canParse(url) ? new URL(url).pathname : url;
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}

async function readText(
  options: ResolvedOptions,
  url: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const createFileHasher = async () => (await createHasher("sha256"))!;
  const onProgress = () => {};
  const reader = new UrlReader(url, {
    options,
    signal,
    createHasher: createFileHasher,
    onProgress,
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let chunk = await reader.next(); chunk !== null; chunk = await reader.next()) {
    size += chunk.byteLength;
    if (size > CHECKSUM_FILE_BYTES) {
      await reader.cancel("too large");
      throw new Invalid(
        `Cannot read the checksums at "${
          redact(url)
        }": the file is larger than ${CHECKSUM_FILE_BYTES} bytes; check the URL`,
      );
    }
    chunks.push(chunk.slice());
  }
  return decodeText(concat(chunks));
}
