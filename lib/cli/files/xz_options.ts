/** Detects options of an xz file that a decoder may not support. Pure. */

/** Bytes that name them: the header of the stream and that of its first block. */
export const XZ_HEAD_BYTES = 12 + 1024;

/** The check of `--check=sha256`. */
const SHA256 = 10;

/** The filters of `--delta` and of those for programs, by their id (the .xz file format, section 5.3). */
const FILTERS: Readonly<Record<number, string>> = {
  3: "delta",
  4: "x86",
  5: "powerpc",
  6: "ia64",
  7: "arm",
  8: "armthumb",
  9: "sparc",
  10: "arm64",
  11: "riscv",
};

/** The option of `xz` that few decoders support, by the first bytes of a stream; null if there is none. */
export function rareXzOption(head: Uint8Array): string | null {
  if (((head[7] ?? 0) & 15) === SHA256) return "--check=sha256";
  const flags = head[13] ?? 0;
  // Sizes of the block come before its filters, in groups of 7 bits.
  let at = 14;
  for (const isStated of [flags & 0x40, flags & 0x80]) {
    if (isStated === 0) continue;
    while (((head[at] ?? 0) & 0x80) !== 0) at++;
    at++;
  }
  // The last filter is LZMA2, so the first one is another one only if there are several.
  const filter = (flags & 3) === 0 ? undefined : FILTERS[head[at] ?? 0];
  return filter === undefined ? null : `--${filter}`;
}
