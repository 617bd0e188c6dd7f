/**
 * Where this inspector differs from those in Debian's Glance 25 and Cinder 21, which are copies of the one
 * that became that of oslo.utils. Rows that are not needed fail the test, so the table is complete and exact.
 */

/** Who is more careful. */
export type Side =
  /** This inspector refuses what the copies accept, or both decide alike. */
  | "stricter"
  /** The copies refuse an image by mistake, which oslo.utils 10 accepts. */
  | "corrected";

export interface Difference {
  readonly reason: string;
  readonly side: Side;
  readonly images: readonly string[];
}

/** What is compared. */
export type Aspect = "format" | "virtualSize" | "isSafe";

/** An image is listed for each aspect that differs. */
export const DIFFERENCES: Readonly<Record<Aspect, readonly Difference[]>> = {
  format: [
    {
      reason: "the copies do not know ISO 9660",
      side: "stricter",
      images: ["iso", "iso-joliet", "iso-hybrid", "iso-hybrid-gpt", "iso-config-drive"],
    },
    {
      reason: "the copies do not know partition tables",
      side: "stricter",
      images: ["gpt", "gpt-empty", "dos", "dos-extended", "dos-empty"],
    },
    {
      reason: "the boot sector of a floppy ends as a partition table; oslo.utils decides alike",
      side: "stricter",
      images: ["fat12"],
    },
    {
      reason: "the copies do not know LUKS",
      side: "stricter",
      images: ["luks", "luks1", "luks2"],
    },
    {
      reason: "the copies do not read a VMDK descriptor without a sparse header",
      side: "stricter",
      images: ["vmdk-flat", "vmdk-split-sparse", "vmdk-split-flat"],
    },
  ],
  virtualSize: [
    {
      reason: "the size of the volume is in its descriptor; a partition follows it",
      side: "stricter",
      images: ["iso-hybrid-gpt"],
    },
    {
      reason: "the header of LUKS does not count; that of version 2 is not read",
      side: "stricter",
      images: ["luks", "luks1", "luks2"],
    },
    {
      reason: "QED is not read, so its size is unknown; the copies report the length of the file",
      side: "stricter",
      images: ["qed", "qed-backing", "qed-data"],
    },
    {
      reason: "an image that is refused as a VMDK, or as several formats, has no size",
      side: "stricter",
      images: [
        "iso-as-qcow2",
        "vmdk-backing",
        "vmdk-flat",
        "vmdk-path-of-extent",
        "vmdk-split-flat",
        "vmdk-split-sparse",
      ],
    },
  ],
  isSafe: [
    {
      reason: "the copies do not know the format, so they have no checks of it",
      side: "stricter",
      images: ["dos-empty", "fat12", "luks2"],
    },
    {
      reason: "the copies do not read a VMDK descriptor without a sparse header",
      side: "stricter",
      images: ["vmdk-flat", "vmdk-split-flat", "vmdk-split-sparse"],
    },
    {
      reason:
        "qemu-img opens the parent of a VMDK, and Nova and Cinder refuse what it reports then",
      side: "stricter",
      images: ["vmdk-backing"],
    },
    {
      reason: "the copies end at the first format that matches",
      side: "stricter",
      images: ["iso-as-qcow2"],
    },
    {
      reason: "the copies do not check the version of qcow2",
      side: "stricter",
      images: ["qcow1"],
    },
    {
      reason:
        "the copies read feature bits in version 2, which has an extension of its header there",
      side: "corrected",
      images: ["qcow2-luks-compat-0.10"],
    },
  ],
};
