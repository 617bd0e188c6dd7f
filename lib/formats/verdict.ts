/**
 * Whether a service of OpenStack accepts an image: the rules of Glance, Nova and Ironic 2026.1 and of Cinder
 * with their default configuration.
 */
import type { ImageInspection } from "./types.ts";

/** A service that inspects images before it uses them. */
export type ImageConsumer = "glance" | "nova" | "ironic" | "cinder";

/** Whether an image is accepted, and why not. */
export type Verdict =
  | {
    readonly accepted: true;
    /** What is unusual about the image, as a sentence without a full stop. */
    readonly warning?: string;
  }
  | {
    readonly accepted: false;
    /** Why it is refused and what helps, as a sentence without a full stop. */
    readonly reason: string;
  };

/** Options of {@linkcode verdictFor}. */
export interface VerdictOptions {
  /**
   * Container format of the image. Glance inspects only `bare` images.
   * @default "bare"
   */
  readonly containerFormat?: string | undefined;
}

/** How a consumer compares the declared disk format with the bytes. */
interface ConsumerRules {
  /** Declared formats whose data can be of any format. */
  readonly exempt: readonly string[];
  /** Formats that are used as raw disks if `raw` is declared. */
  readonly asRaw: readonly string[];
  /** Whether `raw` can be declared for any format. */
  readonly allowsAnyAsRaw?: boolean;
  /** Whether a format that cannot be recognized can be declared if nothing is recognized. */
  readonly allowsUnknown?: boolean;
  /** The only formats that are used. */
  readonly permitted?: readonly string[];
}

const AMAZON_FORMATS = ["ami", "ari", "aki"];

const RULES: Readonly<Record<ImageConsumer, ConsumerRules>> = {
  glance: { exempt: [], asRaw: ["gpt"], allowsAnyAsRaw: true, allowsUnknown: true },
  nova: { exempt: AMAZON_FORMATS, asRaw: ["gpt"] },
  ironic: { exempt: ["ari", "aki"], asRaw: ["gpt"], permitted: ["raw", "gpt", "qcow2"] },
  cinder: { exempt: [], asRaw: ["gpt", "luks", "iso"] },
};

/** Formats that an inspection can find. */
const RECOGNIZED_FORMATS = [
  "raw",
  "qcow2",
  "qed",
  "vhd",
  "vhdx",
  "vmdk",
  "vdi",
  "iso",
  "gpt",
  "luks",
];

/**
 * Tells whether a service accepts an image, from its inspection and its declared `disk_format` (undefined:
 * not declared yet, so only the checks count).
 *
 * @example
 * ```ts
 * import { inspectImage, verdictFor } from "@glance-edge/glance/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const inspection = await inspectImage(new Blob(["the bytes of a disk"]));
 * assertEquals(verdictFor(inspection, "raw", "nova"), { accepted: true });
 * ```
 */
export function verdictFor(
  inspection: ImageInspection,
  declaredFormat: string | undefined,
  consumer: ImageConsumer,
  options: VerdictOptions = {},
): Verdict {
  const { containerFormat = "bare" } = options;
  if (consumer === "glance" && containerFormat !== "bare") return { accepted: true };
  const rules = RULES[consumer];
  const reason = unsafeReason(inspection) ?? unpermittedReason(inspection, rules, consumer) ??
    (declaredFormat === undefined ? null : mismatchReason(inspection, declaredFormat, rules));
  if (reason !== null) return { accepted: false, reason };
  const warning = warningFor(inspection, declaredFormat, rules);
  return warning === null ? { accepted: true } : { accepted: true, warning };
}

function unsafeReason({ format, failures }: ImageInspection): string | null {
  if (failures.length === 0) return null;
  const reasons = failures.map(({ check, reason }) => `${reason} (${check})`).join(", and ");
  return `the data is not a safe ${format} image: ${reasons}`;
}

function unpermittedReason(
  { format }: ImageInspection,
  { permitted }: ConsumerRules,
  consumer: ImageConsumer,
): string | null {
  if (permitted === undefined || permitted.includes(format)) return null;
  return `the data is ${format}, and ${consumer} uses only ${
    permitted.join(", ")
  }; convert the image, with "qemu-img convert" for example`;
}

function mismatchReason(
  { format }: ImageInspection,
  declared: string,
  rules: ConsumerRules,
): string | null {
  if (declared === format || rules.exempt.includes(declared)) return null;
  if (declared === "raw" && (rules.allowsAnyAsRaw || rules.asRaw.includes(format))) return null;
  if (!RECOGNIZED_FORMATS.includes(declared)) {
    if (rules.allowsUnknown && format === "raw") return null;
    return `the disk format ${declared} cannot be inspected; convert the image to raw or qcow2`;
  }
  return `the data is ${format}, and the disk format is ${declared}; declare the disk format ${
    rules.asRaw.includes(format) ? "raw" : format
  }, or pass the data of a ${declared} image`;
}

function warningFor(
  { format, unchecked }: ImageInspection,
  declared: string | undefined,
  rules: ConsumerRules,
): string | null {
  if (declared === "raw" && format !== "raw" && !rules.asRaw.includes(format)) {
    return `the data is ${format}, and the disk format is raw: a guest sees the bytes of the ${format} file`;
  }
  if (unchecked.length === 0) return null;
  return `what follows the bytes that were read is not checked (${unchecked.join(", ")})`;
}
