/** What a file is, and how an image of it would be called. */
import { detectCompression } from "../../../formats/compression/detect.ts";
import { inspectRegions } from "../../../formats/inspect_regions.ts";

/** The disk formats of Glance. */
// deno-fmt-ignore
export const DISK_FORMATS: readonly string[] = ["raw", "qcow2", "iso", "vmdk", "vhd", "vhdx", "vdi", "ploop", "ami", "ari", "aki"];

/** What was found in a file. */
export interface FileInspection {
  /** The disk format to choose. */
  readonly disk_format: string;
  /** Why Glance would refuse it, or what is unusual; empty if nothing is. */
  readonly warning: string;
}

/** Inspects a file; only what its format requires is read. */
export async function inspectFile(file: File): Promise<FileInspection> {
  const read = async (start: number, end: number) =>
    new Uint8Array(await file.slice(start, end).arrayBuffer());
  const { format, failures } = await inspectRegions({ size: file.size, read });
  const disk_format = DISK_FORMATS.includes(format) ? format : "raw";
  const compression = detectCompression(await read(0, 10));
  const warnings = failures.map(({ reason }) => reason);
  if (compression !== null) {
    warnings.push(`it is compressed with ${compression}, so a guest could not read it`);
  }
  if (file.size === 0) warnings.push("it is empty");
  return { disk_format, warning: warnings.join(", and ") };
}

/** The name of an image that is suggested for a file: without its ending and invisible characters. */
export function imageNameFor(file: string): string {
  return file.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "")
    .replace(/(\.(img|raw|qcow2?|iso|vmdk|vhdx?|vdi|bin))+$/i, "").slice(0, 255);
}

/** The disk format that the ending of a name says; `raw` for any other ending. */
export function formatOf(file: string): string {
  return DISK_FORMATS.find((format) => file.toLowerCase().endsWith(`.${format}`)) ?? "raw";
}
