/** Response headers for image data, made from the image record. Pure. */
import type { GlanceImage } from "../../api/types.ts";
import type { FilePlan, Representation } from "./conditions.ts";

/** The entity tag and the size of the data, from the image record. */
export function representationOf(image: GlanceImage): Representation {
  const hash = digestIn(image.os_hash_value) ?? digestIn(image.checksum);
  return { etag: hash === null ? null : `"${hash}"`, size: image.size ?? null };
}

/** A digest that can be part of a header; null for any other text. */
function digestIn(value: string | null | undefined): string | null {
  return value && /^[\w+/=-]+$/.test(value) ? value : null;
}

/**
 * The headers of a response to a request for data, with or without a body (HEAD, 304).
 * `no-transform` forbids caches to encode the data. `private` forbids shared caches to store it: they do not
 * know that `X-Auth-Token` decides who may read it.
 */
export function dataHeaders(image: GlanceImage, plan: FilePlan): Headers {
  const { etag, size } = representationOf(image);
  const headers = new Headers({ "cache-control": "private, no-transform" });
  if (etag !== null) headers.set("etag", etag);
  if (plan.kind === "unmodified") return headers;
  headers.set("accept-ranges", "bytes");
  headers.set("content-type", "application/octet-stream");
  headers.set("content-disposition", dispositionOf(image));
  const md5 = digestIn(image.checksum);
  if (md5 !== null) headers.set("content-md5", md5);
  const length = plan.kind === "part" ? plan.end - plan.start + 1 : size;
  if (length !== null) headers.set("content-length", String(length));
  if (plan.kind === "part") {
    headers.set("content-range", `bytes ${plan.start}-${plan.end}/${size}`);
  }
  return headers;
}

/** The suggested file name (RFC 6266): ASCII for old clients, UTF-8 for all others. */
function dispositionOf({ id, name, disk_format }: GlanceImage): string {
  const file = fileNameOf(name || id, disk_format ?? null);
  const ascii = file.replaceAll(/[^\x20-\x7e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(file.toWellFormed())
    .replaceAll(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const isPlain = ascii === file;
  return `attachment; filename="${ascii}"${isPlain ? "" : `; filename*=UTF-8''${encoded}`}`;
}

/** The image's name with its disk format as the extension, without path separators or leading dots. */
function fileNameOf(name: string, format: string | null): string {
  const base = withoutSeparators(name).replace(/^\.+/, "_");
  const extension = format === null ? "" : `.${withoutSeparators(format)}`;
  return base.toLowerCase().endsWith(extension) ? base : base + extension;
}

function withoutSeparators(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f/\\:]/g, "_");
}
