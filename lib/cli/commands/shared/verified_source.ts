/** Flags of images that are created from a URL, or from data that is decompressed or verified. */
import { parseHttpUrl } from "../../../api_server.ts";
import { redact } from "../../../redact.ts";
import { messageOf } from "../../../validate.ts";
import { text, toggle } from "../../args/flags.ts";
import type { Flags, Invocation, Values } from "../../args/command.ts";
import type { GlanceImage, ImageMeta } from "../../../api/types.ts";
import type { CompressionFormat } from "../../../formats/compression/detect.ts";
import { checksumFor, parseChecksum, parseChecksumFile } from "../../../jobs/from_url/checksums.ts";
import {
  type CreateFromOptions,
  createRecordFrom,
} from "../../../jobs/from_url/create_image_from.ts";
import { pathOf, signatureNotice } from "../../../jobs/from_url/find_checksum.ts";
import type { SourceProgress } from "../../../jobs/from_url/image_source.ts";
import type { DataSource, UrlSource } from "../../../jobs/import_plan.ts";
import type { Progress } from "../../../transfer/types.ts";
import { fileName } from "../../files/file_name.ts";
import { DECOMPRESSORS } from "../../files/decompressors.ts";
import { type FILE_FLAGS, findBytes, readText, type SIZE_FLAGS } from "../../files/upload_input.ts";
import { UsageError } from "../../system/errors.ts";
import { sessionOf } from "./find_image.ts";
import { checkStores } from "./stores.ts";
import { type INSPECT_FLAGS, inspectFrom, type PROGRESS_FLAGS, withProgress } from "./transfer.ts";

export const VERIFIED_SOURCE_FLAGS = {
  "from": text("<URL>", "URL of the data (http or https); its disk format is detected by default"),
  "checksum": text(
    "<ALGORITHM:DIGEST>",
    "Hash of the source before it is decompressed, for example sha256:9f86...",
  ),
  "checksums": text(
    "<URL>",
    "URL or file with the hash of the source, in the format of sha256sum; the strongest hash is used",
  ),
  "decompress": text(
    "<FORMAT>",
    "How the source is compressed; auto detects it by the first bytes (default: auto with --from, none otherwise)",
    { choices: ["auto", "gzip", "zstd", "xz", "bzip2", "none"] },
  ),
  "allow-http-redirect": toggle(
    "Follow a redirect of --from from https to http; use it only together with a checksum",
  ),
} as const satisfies Flags;

type VerifiedFlags =
  & typeof VERIFIED_SOURCE_FLAGS
  & typeof FILE_FLAGS
  & typeof INSPECT_FLAGS
  & typeof SIZE_FLAGS
  & typeof PROGRESS_FLAGS
  & { readonly store: ReturnType<typeof text> };

type VerifiedCall = Invocation<VerifiedFlags>;

/** Whether one of the flags is given. */
export function hasVerifiedSource(values: Values<typeof VERIFIED_SOURCE_FLAGS>): boolean {
  const { from, checksum, checksums, decompress } = values;
  const isAny = [from, checksum, checksums, decompress].some((value) => value !== undefined);
  return isAny || values["allow-http-redirect"] === true;
}

/**
 * Creates an image from a URL or a file, decompressed and verified.
 *
 * @throws {UsageError} if flags contradict each other, or there is no data.
 */
export async function createVerified(
  invocation: VerifiedCall,
  meta: ImageMeta,
): Promise<GlanceImage> {
  const { values, system, messages } = invocation;
  const data = await sourceFrom(invocation);
  const options = await optionsFrom(invocation);
  const connection = await invocation.connect();
  await checkStores(connection, system.signal, values.store);
  const session = await sessionOf(invocation);
  const name = fileName(
    values.from === undefined ? values.file ?? "standard input" : pathOf(values.from),
  );
  return await withProgress(invocation, { name }, ({ onProgress, signal }) => {
    let sent: Progress = { transferred: 0, total: null, server: "", resumes: 0 };
    let source: SourceProgress = { read: 0, total: null, resumes: 0 };
    const report = () => onProgress({ ...sent, source, resumes: source.resumes });
    // From now on, the progress line shows the wait for the source.
    report();
    return createRecordFrom(session, meta, data, {
      ...options,
      signal,
      storeId: values.store,
      inspect: inspectFrom(values),
      onSource: (progress) => {
        source = progress;
        report();
      },
      onProgress: (progress) => {
        sent = progress;
        report();
      },
      onNotice: (notice) => messages.line(notice),
      onDiskFormat: (format) => messages.line(`The disk format is ${format}, detected in the data`),
    });
  });
}

async function sourceFrom({ values, system }: VerifiedCall): Promise<UrlSource | DataSource> {
  const { from: url, file, size } = values;
  if (url !== undefined && file !== undefined) {
    throw new UsageError(
      "Cannot use --from together with --file: each is the source of the data; leave one of them out",
    );
  }
  if (url === undefined && values["allow-http-redirect"]) {
    throw new UsageError(
      "Cannot use --allow-http-redirect: it applies to the URL of --from; leave it out",
    );
  }
  if (size !== undefined) {
    throw new UsageError(
      "Cannot use --size: the size of the source is known or announced by its server; leave it out",
    );
  }
  if (url !== undefined) return { url: checkedUrl(url) };
  const bytes = await findBytes(system, file);
  if (bytes !== null) return { data: bytes.data, size: bytes.size ?? undefined };
  throw new UsageError(
    "Cannot decompress or verify: there is no data; name a URL with --from, or a file with --file",
  );
}

/** @throws {UsageError} if it is, for example, a path. */
function checkedUrl(url: string): string {
  if (parseHttpUrl(url) !== null) return url;
  throw new UsageError(
    `Cannot use --from "${
      redact(url)
    }": it is not an http or https URL; correct it, or name a file with --file`,
  );
}

function checkChecksum(checksum: string): void {
  try {
    parseChecksum(checksum);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

async function optionsFrom(
  { values, system, messages }: VerifiedCall,
): Promise<CreateFromOptions> {
  const { from, file, checksum, checksums } = values;
  const decompress = values.decompress ?? (from === undefined ? "none" : "auto");
  if (checksum !== undefined && checksums !== undefined) {
    throw new UsageError(
      "Cannot use --checksum together with --checksums: each is the hash of the source; leave one of them out",
    );
  }
  if (checksum !== undefined) checkChecksum(checksum);
  const ownName = file === undefined ? undefined : fileName(file);
  const options = {
    fileName: ownName,
    // The parser has checked `choices`.
    decompress: decompress as CompressionFormat | "auto" | "none",
    decompression: { decompressors: DECOMPRESSORS },
    allowHttpRedirect: values["allow-http-redirect"],
  };
  if (checksums === undefined || /^https?:/i.test(checksums)) {
    return { ...options, checksum, checksums };
  }
  const name = from === undefined ? ownName : pathOf(from);
  if (name === undefined) {
    throw new UsageError(
      "Cannot use --checksums: standard input has no name to look for; use --checksum",
    );
  }
  const listed = await readText({ values: { file: checksums }, system }, "read checksums");
  const published = parseChecksumFile(listed.text);
  if (published.isSigned) messages.line(signatureNotice(checksums));
  const { algorithm, digest } = checksumFor(published, name, checksums);
  return { ...options, checksum: `${algorithm}:${digest}` };
}
