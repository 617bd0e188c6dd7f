/** Evaluates an inspection: the faults of an image, and whether it has the declared formats. Pure. */
import type { ImageInspection } from "../../../formats/types.ts";
import type { ImageConsumer } from "../../../formats/consumer_rules.ts";
import { type Verdict, verdictFor } from "../../../formats/verdict.ts";

/** The services whose verdicts are shown. */
const CONSUMERS: readonly ImageConsumer[] = ["glance", "nova", "ironic", "cinder"];

/** The formats that a record, or the user, declares. */
export interface DeclaredFormats {
  readonly disk_format?: string | null | undefined;
  readonly container_format?: string | null | undefined;
  /** The data of an encrypted volume, which Cinder uploads as raw. */
  readonly cinder_encryption_key_id?: unknown;
}

/** The verdict of each service. */
export function verdictsFor(
  inspection: ImageInspection,
  claim: DeclaredFormats,
): readonly (readonly [ImageConsumer, Verdict])[] {
  return CONSUMERS.map((consumer) => [consumer, classifyStatus(inspection, claim, consumer)]);
}

/** The reason why an image is not accepted. */
export interface ImageFault {
  readonly kind: "unsafe" | "mismatch";
  /** The cause, as a clause about the image. */
  readonly text: string;
  readonly hint: string;
}

/**
 * The fault of an image that is unsafe or does not have its declared format; null if there is none. Data of another
 * format that is declared as raw is a fault, too: Glance accepts it, but a guest could then choose how it is read.
 */
export function faultOf(inspection: ImageInspection, claim: DeclaredFormats): ImageFault | null {
  const { failures, format } = inspection;
  if (failures.length > 0) {
    return {
      kind: "unsafe",
      text: failures.map(({ check, reason }) => `${reason} (${check})`).join(", and "),
      hint: failures.some(({ check }) => check === "banned")
        ? "convert it to qcow2, with qemu-img convert for example"
        : `get a safe ${format} image from its author`,
    };
  }
  const { disk_format: declared, container_format: container } = claim;
  if (!declared || (container ?? "bare") !== "bare") return null;
  const isEncryptedVolume = format === "luks" && Boolean(claim.cinder_encryption_key_id);
  const isRaw = format === "raw" || format === "gpt" || isEncryptedVolume;
  const isAccepted = classifyStatus(inspection, claim, "glance").accepted;
  if (declared === "raw" ? isRaw : isAccepted) return null;
  return {
    kind: "mismatch",
    text: `its disk format is ${declared}, and its data is ${format}`,
    hint: `declare the disk format ${format}, or use the data of a ${declared} image`,
  };
}

function classifyStatus(
  inspection: ImageInspection,
  { disk_format, container_format }: DeclaredFormats,
  consumer: ImageConsumer,
): Verdict {
  const containerFormat = container_format ?? undefined;
  return verdictFor(inspection, disk_format ?? undefined, consumer, { containerFormat });
}
