/**
 * Reading image data where it lies, past Glance: `file` URLs, where the scheme is allowed and the file
 * is below a configured folder.
 *
 * @module
 */
import { builtinModule } from "../../node_builtin.ts";
import type { RequestContext } from "../../context.ts";
import { ImageDownloadFailed } from "../../errors.ts";
import type { GlanceClientWrapper } from "../../api/client.ts";
import { getLocation } from "../../api/locations.ts";
import type { GlanceImage } from "../../api/types.ts";
import type { RangeResponse } from "./answer_body.ts";
import type { BodyReader, Chunk } from "../body_reader.ts";
import { Candidates } from "./candidates.ts";
import type { ContentDescriptor } from "../integrity/descriptor.ts";
import type { RangeSource } from "./range_source.ts";

/** The part of `node:fs/promises` that is used, which Deno, Node and Bun have. */
interface FileReader {
  realpath(path: string): Promise<string>;
  stat(path: string): Promise<{ isFile(): boolean }>;
  open(path: string, flags: "r"): Promise<FileHandle>;
}

interface FileHandle {
  read(
    into: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
}

/**
 * The image as a file, where it may be read as one; null where it may not, so that Glance is asked. The
 * path is resolved before it is compared with the allowed folders: a link leads nowhere else.
 */
export async function directPieces(
  client: GlanceClientWrapper,
  context: RequestContext,
  record: GlanceImage,
  identity: ContentDescriptor,
  signal: AbortSignal | undefined,
): Promise<RangeSource | null> {
  const { allowedDirectUrlSchemes, directUrlRoots } = client.options;
  const files = builtinModule<FileReader>("node:fs/promises");
  // The record of a server that only an image href names could lead to any file below the roots.
  if (client.anonymous) return null;
  if (!allowedDirectUrlSchemes.includes("file") || files === null) return null;
  const [directUrl, locations] = record.direct_url !== undefined || record.locations !== undefined
    ? [record.direct_url ?? null, record.locations ?? null]
    : await getLocation(client, context, record.id, { signal });
  const urls = [directUrl, ...locations?.map(({ url }) => url) ?? []];
  for (const url of urls) {
    const path = url === null ? null : pathOf(url);
    const allowed = path === null ? null : await allowedPath(files, path, directUrlRoots);
    if (allowed !== null) return new FilePieces(identity, files, allowed);
  }
  return null;
}

/** Pieces of a file; a file that breaks cannot be healed elsewhere. */
class FilePieces implements RangeSource {
  readonly identity: ContentDescriptor;
  readonly candidates: Candidates = new Candidates();
  readonly hasPrefer = false;
  readonly #files: FileReader;
  readonly #path: string;

  constructor(identity: ContentDescriptor, files: FileReader, path: string) {
    this.identity = identity;
    this.#files = files;
    this.#path = path;
  }

  async open(start: number): Promise<RangeResponse> {
    const { imageId } = this.identity;
    const file = await this.#files.open(this.#path, "r").catch((cause) => {
      throw new ImageDownloadFailed(
        `Cannot download image "${imageId}": its file "${this.#path}" cannot be opened; correct its mode, or take "file" out of "allowedDirectUrlSchemes"`,
        { cause, imageId },
      );
    });
    const reader = new FileReader(file, start);
    return {
      reader,
      server: "file:",
      from: start,
      skip: 0,
      stop: null,
      isRange: false,
      broke: () => false,
      close: () => reader.cancel(),
    };
  }
}

class FileReader implements BodyReader {
  readonly #file: FileHandle;
  #position: number;
  #isOpen = true;

  constructor(file: FileHandle, position: number) {
    this.#file = file;
    this.#position = position;
  }

  async read(into: Chunk): Promise<Chunk | null> {
    const { bytesRead } = await this.#file.read(into, 0, into.byteLength, this.#position);
    this.#position += bytesRead;
    return bytesRead === 0 ? null : into.subarray(0, bytesRead);
  }

  async cancel(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#file.close();
  }
}

function pathOf(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, hostname, pathname } = new URL(url);
  // A host names another machine (RFC 8089, section 2); "localhost" is parsed away.
  const isHere = protocol === "file:" && hostname === "";
  try {
    return isHere ? decodeURIComponent(pathname) : null;
  } catch {
    return null;
  }
}

async function allowedPath(
  files: FileReader,
  path: string,
  roots: readonly string[],
): Promise<string | null> {
  const real = await files.realpath(path).catch(() => null);
  if (real === null) return null;
  for (const root of roots) {
    const folder = (await files.realpath(root).catch(() => null))?.replace(/\/+$/, "");
    if (folder !== undefined && real.startsWith(`${folder}/`)) return await fileAt(files, real);
  }
  return null;
}

/** A path that leads to bytes with an end: to open a pipe waits for whatever writes to it. */
async function fileAt(files: FileReader, path: string): Promise<string | null> {
  const facts = await files.stat(path).catch(() => null);
  // A file that cannot be looked at is for the download to complain of.
  return facts === null || facts.isFile() ? path : null;
}
