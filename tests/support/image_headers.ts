/** The first bytes of images, by format. */

/** What a qcow2 header states. */
export interface Qcow2Header {
  /** Bytes of the disk. */
  readonly virtualSize?: number;
  /** Name of a backing file, which makes the image unsafe. */
  readonly backingFile?: string;
}

/** A qcow2 header of version 3: 512 bytes, and nothing after them. */
export function qcow2Header(
  { virtualSize = 1024 ** 2, backingFile }: Qcow2Header = {},
): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(512);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0x514649fb);
  view.setUint32(4, 3);
  view.setBigUint64(24, BigInt(virtualSize));
  if (backingFile !== undefined) {
    const name = new TextEncoder().encode(backingFile);
    view.setBigUint64(8, 256n);
    view.setUint32(16, name.byteLength);
    header.set(name, 256);
  }
  return header;
}

/** The first bytes of a VDI image: its signature, and its size. */
export function vdiHeader(virtualSize: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(512);
  const view = new DataView(header.buffer);
  view.setUint32(0x40, 0xbeda107f, true);
  view.setBigUint64(0x170, BigInt(virtualSize), true);
  return header;
}
