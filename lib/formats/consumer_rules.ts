/**
 * The rules by which the services of OpenStack accept an image, in their default configuration. Sources: Glance
 * `glance/location.py`, Nova `nova/virt/images.py`, Ironic `ironic/common/images.py`, Cinder
 * `cinder/image/image_utils.py`, all of 2026.2.
 */

/** A service that inspects images before it uses them. */
export type ImageConsumer = "glance" | "nova" | "ironic" | "cinder";

/** How a service compares the declared disk format with the bytes. */
export interface ConsumerRules {
  readonly name: string;
  /** Declared formats whose data can be of any format. */
  readonly exempt: readonly string[];
  /** Formats that count as `raw` if that is declared. */
  readonly asRaw: readonly string[];
  /** Formats that the service does not detect: they count as raw, and their failures are ignored. */
  readonly uninspected?: readonly string[];
  /** Whether `raw` can be declared for data of any format. */
  readonly allowsAnyAsRaw?: boolean;
  /** Whether a format without an inspector can be declared if the data is of no recognized format. */
  readonly allowsUnknown?: boolean;
  /** The only formats that are used (default: all). */
  readonly permitted?: readonly string[];
  /** Container formats that are inspected (default: all). */
  readonly containers?: readonly string[];
}

export const CONSUMER_RULES: Readonly<Record<ImageConsumer, ConsumerRules>> = {
  // With `require_image_format_match`, the default since 2025.1.
  glance: {
    name: "Glance",
    exempt: [],
    asRaw: ["gpt"],
    allowsAnyAsRaw: true,
    allowsUnknown: true,
    containers: ["bare"],
  },
  nova: { name: "Nova", exempt: ["ami", "ari", "aki"], asRaw: ["gpt"] },
  // With the default of `permitted_image_formats`.
  ironic: {
    name: "Ironic",
    exempt: ["ari", "aki"],
    asRaw: ["gpt"],
    permitted: ["raw", "gpt", "qcow2", "iso"],
  },
  cinder: {
    name: "Cinder",
    exempt: ["ami"],
    asRaw: ["gpt", "luks", "iso"],
    uninspected: ["gpt", "luks", "iso"],
  },
};
