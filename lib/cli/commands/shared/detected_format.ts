/** Finds the formats of new images that the flags do not state, from the data. */
import type { ImageMeta } from "../../../api/types.ts";
import {
  ARCHIVE_BYTES,
  archiveFault,
  detectArchive,
} from "../../../formats/compression/archive.ts";
import { type CompressionFormat, detectCompression } from "../../../formats/compression/detect.ts";
import { ImageInspector } from "../../../formats/image_inspector.ts";
import type { ImageInspection } from "../../../formats/types.ts";
import type { Invocation } from "../../args/command.ts";
import { type FoundBytes, withFirst } from "../../files/upload_input.ts";
import { CommandFailed } from "../../system/errors.ts";
import type { Bytes } from "../../system/system.ts";
import { checkFormats, type FormatValues } from "./new_image.ts";

/** The formats of kernels, ramdisks, and Amazon machine images. Their containers have the same names. */
const AMAZON_FORMATS: readonly string[] = ["ami", "ari", "aki"];

/** Data that Glance stores as raw: it has no disk format for it. */
const STORED_AS_RAW: readonly string[] = ["gpt", "luks"];

/** Data to upload, and its formats. */
export interface FormattedBytes {
  readonly bytes: FoundBytes;
  readonly formats: Pick<ImageMeta, "diskFormat" | "containerFormat">;
}

/**
 * The formats of an image: those of the flags. Without --disk-format, that of the data, which is printed; without
 * --container-format, bare, or the one that the disk format requires.
 *
 * @param verb for error messages, for example `upload`
 * @throws {UsageError} if the data is in a container: then its disk format cannot be detected.
 * @throws {CommandFailed} if the data is empty, compressed, an archive, or unsafe.
 */
export async function withFormats(
  { values, messages }: Pick<Invocation, "messages"> & { readonly values: FormatValues },
  bytes: FoundBytes,
  verb: string,
): Promise<FormattedBytes> {
  const { "disk-format": diskFormat, "container-format": containerFormat } = values;
  if (diskFormat !== undefined) {
    const container = AMAZON_FORMATS.includes(diskFormat) ? diskFormat : "bare";
    return { bytes, formats: { diskFormat, containerFormat: containerFormat ?? container } };
  }
  if ((containerFormat ?? "bare") !== "bare") checkFormats(values, `${verb} "${bytes.name}"`);
  const { inspection, compression, archive, rest } = await inspectStart(bytes);
  const { format, failures } = inspection;
  const cause = inspection.bytesRead === 0
    ? "it is empty; check its source, or declare the disk format with --disk-format"
    : compression !== null
    ? `it is compressed with ${compression}, so its disk format is unknown; use --decompress auto of image-create, or name its format with --disk-format`
    : archive !== null && format === "raw"
    ? `${archiveFault(archive)} with --disk-format`
    : failures.length > 0
    ? `it is not a safe ${format} image: ${
      failures.map(({ check, reason }) => `${reason} (${check})`).join(", and ")
    }; get a safe image from its author`
    : null;
  if (cause !== null) throw new CommandFailed(`Cannot ${verb} "${bytes.name}": ${cause}`);
  const detected = STORED_AS_RAW.includes(format) ? "raw" : format;
  messages.line(
    `Detected the disk format ${detected} of "${bytes.name}"; choose another one with --disk-format`,
  );
  return { bytes: rest, formats: { diskFormat: detected, containerFormat: "bare" } };
}

/** The inspection of the start of the data, and the whole data. */
interface InspectedStart {
  readonly inspection: ImageInspection;
  readonly compression: CompressionFormat | null;
  /** Name of the archive format. */
  readonly archive: string | null;
  readonly rest: FoundBytes;
}

/** Reads at most 256 KiB. A stream is replaced by one that delivers them again. */
async function inspectStart(found: FoundBytes): Promise<InspectedStart> {
  const { data, size } = found;
  const inspector = new ImageInspector({ size: size || undefined });
  const reader = (typeof data === "function" ? await data() : data).getReader();
  const start: Bytes[] = [];
  let isWhole = false;
  while (!isWhole && !inspector.isDecided) {
    const { done, value } = await reader.read();
    isWhole = done;
    if (value === undefined) continue;
    inspector.update(value);
    start.push(value);
  }
  const inspection = (isWhole ? null : inspector.preview()) ?? inspector.finish();
  const head = new Uint8Array(await new Blob(start).slice(0, ARCHIVE_BYTES).arrayBuffer());
  const [compression, archive] = [detectCompression(head), detectArchive(head)];
  if (typeof data !== "function") {
    return { inspection, compression, archive, rest: { ...found, data: withFirst(start, reader) } };
  }
  await reader.cancel();
  return { inspection, compression, archive, rest: found };
}
