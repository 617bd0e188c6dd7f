/**
 * Reads image data directly from the store instead of through Glance: `file` URLs, if the scheme is allowed
 * and the file is below a configured folder.
 */
import { getLocation, type GetLocationShared } from "../../api/on_demand/locations.ts";
import type { Session } from "../../api/session.ts";
import type { GlanceImage } from "../../api/types.ts";
import type { ImageDownloadFailed } from "../../errors.ts";
import type { builtinModule } from "../../node_builtin.ts";
import type { BodyReader, Chunk } from "../body_reader.ts";
import type { ContentDescriptor } from "../integrity/descriptor.ts";
import type { Candidates } from "./candidates.ts";
import type { RangeResponse } from "./range_response.ts";
import type { RangeSource } from "./range_source.ts";

/** The functions of `node:fs/promises` that are used; available in Deno, Node, and Bun. */
interface StoreFiles {
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

/** Code that is loaded at the start. It is passed in, because bundlers would split an import into another file. */
export interface FileShared extends GetLocationShared {
  readonly builtinModule: typeof builtinModule;
  readonly Candidates: typeof Candidates;
  readonly ImageDownloadFailed: typeof ImageDownloadFailed;
}

/**
 * A source that reads the image as a file; null if it is not below an allowed folder. Links in the path
 * are resolved before it is compared with the allowed folders, so that none points outside of them.
 */
export async function fileSource(
  session: Session,
  record: GlanceImage,
  identity: ContentDescriptor,
  shared: FileShared,
): Promise<RangeSource | null> {
  const { directUrlRoots } = session.client.options;
  const files = shared.builtinModule<StoreFiles>("node:fs/promises");
  if (files === null) return null;
  const [directUrl, locations] = record.direct_url !== undefined || record.locations !== undefined
    ? [record.direct_url ?? null, record.locations ?? null]
    : await getLocation(session, record.id, shared);
  const urls = [directUrl, ...locations?.map(({ url }) => url) ?? []];
  for (const url of urls) {
    const path = url === null ? null : pathOf(url);
    const allowed = path === null ? null : await allowedPath(files, path, directUrlRoots);
    if (allowed !== null) return sourceOf(files, allowed, identity, shared);
  }
  return null;
}

/** Reads a file. A failed read is final, since there is no other server. */
function sourceOf(
  files: StoreFiles,
  path: string,
  identity: ContentDescriptor,
  { Candidates, ImageDownloadFailed }: FileShared,
): RangeSource {
  const { imageId } = identity;
  return {
    identity,
    candidates: new Candidates(),
    hasPrefer: false,
    async open(start) {
      const file = await files.open(path, "r").catch((cause) => {
        throw new ImageDownloadFailed(
          `Cannot download image "${imageId}": its file "${path}" cannot be opened; correct its permissions, or do not allow "file" in "allowedDirectUrlSchemes"`,
          { cause, imageId },
        );
      });
      return responseOf(new FileBodyReader(file, start), start);
    },
  };
}

function responseOf(reader: FileBodyReader, start: number): RangeResponse {
  return {
    reader,
    server: "file:",
    bodyStart: start,
    skipBytes: 0,
    endExclusive: null,
    isRange: false,
    isSame: true,
    reportBreak: () => false,
    close: () => reader.cancel(),
  };
}

class FileBodyReader implements BodyReader {
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
  // A host names another machine (RFC 8089, section 2); the URL parser removes "localhost".
  const isHere = protocol === "file:" && hostname === "";
  try {
    return isHere ? decodeURIComponent(pathname) : null;
  } catch {
    return null;
  }
}

async function allowedPath(
  files: StoreFiles,
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

/** The path if it is a regular file: opening a pipe would wait for its writer. */
async function fileAt(files: StoreFiles, path: string): Promise<string | null> {
  const facts = await files.stat(path).catch(() => null);
  // If stat fails, opening the file reports the error.
  return facts === null || facts.isFile() ? path : null;
}
