/** Decides whether a service of OpenStack accepts an image. */
import { CONSUMER_RULES, type ConsumerRules, type ImageConsumer } from "./consumer_rules.ts";
import type { ImageInspection } from "./types.ts";

/** Whether an image is accepted, and the reason if it is not. */
export type Verdict =
  | {
    readonly accepted: true;
    /** What is unusual about the image: a clause that follows a colon. */
    readonly warning?: string;
  }
  | {
    readonly accepted: false;
    /** The reason why it is refused, and a hint: a clause that follows a colon. */
    readonly reason: string;
  };

/** Options of {@linkcode verdictFor}. */
export interface VerdictOptions {
  /**
   * Container format of the image. Glance inspects only `bare` images.
   * Default: `"bare"`.
   */
  readonly containerFormat?: string | undefined;
}

/** Formats that an inspection can find, so that another one cannot be declared. */
// deno-fmt-ignore
const INSPECTED = ["raw", "qcow2", "qed", "vhd", "vhdx", "vmdk", "vdi", "iso", "gpt", "luks"];

/**
 * Decides whether a service accepts an image, from its inspection and its declared `disk_format`. If no format is
 * declared (undefined), only the checks count. The rules are those of the default configuration of 2026.2.
 *
 * @example
 * ```ts
 * import { inspectImage, verdictFor } from "@glance-edge/glance/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const inspection = await inspectImage(new Blob(["the bytes of a disk"]));
 * assertEquals(verdictFor(inspection, "raw", "nova"), { accepted: true });
 * assertEquals(verdictFor(inspection, "qcow2", "nova").accepted, false);
 * ```
 */
export function verdictFor(
  inspection: ImageInspection,
  declaredFormat: string | undefined,
  consumer: ImageConsumer,
  options: VerdictOptions = {},
): Verdict {
  const rules = rulesOf(consumer);
  if (rules === null) {
    return { accepted: false, reason: `the rules of ${consumer} are not known` };
  }
  const { containerFormat = "bare" } = options;
  if (rules.containers?.includes(containerFormat) === false) return { accepted: true };
  const reason = unsafeReason(inspection, rules) ?? unusedReason(inspection, rules) ??
    mismatchReason(inspection, declaredFormat, rules);
  if (reason !== null) return { accepted: false, reason };
  const warning = warningFor(inspection, declaredFormat, rules);
  return warning === null ? { accepted: true } : { accepted: true, warning };
}

function rulesOf(consumer: string): ConsumerRules | null {
  return isConsumer(consumer) ? CONSUMER_RULES[consumer] : null;
}

function isConsumer(name: string): name is ImageConsumer {
  return Object.hasOwn(CONSUMER_RULES, name);
}

const ONE_FILE = "copy it to one file, with qemu-img convert for example";

/** Hints by the name of the failed check. */
const HINTS: Readonly<Record<string, string>> = {
  formats: "remove the header that does not belong to it",
  backing_file: ONE_FILE,
  data_file: ONE_FILE,
  descriptor: ONE_FILE,
  unknown_features: "create it again without them",
  banned: "convert it, with qemu-img convert for example",
  mbr: "repair its partition table",
};

function unsafeReason(inspection: ImageInspection, rules: ConsumerRules): string | null {
  const { format, failures } = inspection;
  const [first] = failures;
  if (first === undefined || isUninspected(inspection, rules)) return null;
  const hint = HINTS[first.check] ?? "pass an intact image";
  return `the data is not a safe ${format} image, because ${reasonsOf(inspection)}; ${hint}`;
}

function reasonsOf({ failures }: ImageInspection): string {
  return failures.map(({ check, reason }) => `${reason} (check ${check})`).join(" and ");
}

function isUninspected({ formats }: ImageInspection, { uninspected }: ConsumerRules): boolean {
  return uninspected !== undefined && formats.every((format) => uninspected.includes(format));
}

function unusedReason({ format }: ImageInspection, rules: ConsumerRules): string | null {
  const { permitted, name } = rules;
  if (permitted === undefined || permitted.includes(format)) return null;
  return `the data is ${format}, and ${name} uses only ${
    permitted.join(", ")
  }; convert it, with qemu-img convert for example`;
}

function mismatchReason(
  { format }: ImageInspection,
  declared: string | undefined,
  rules: ConsumerRules,
): string | null {
  if (declared === undefined || declared === format || rules.exempt.includes(declared)) return null;
  const counted = rules.asRaw.includes(format) ? "raw" : format;
  const claimed = rules.uninspected?.includes(declared) ? "raw" : declared;
  if (claimed === "raw" && (rules.allowsAnyAsRaw || counted === "raw")) return null;
  if (!INSPECTED.includes(declared)) {
    if (rules.allowsUnknown && format === "raw") return null;
    return `${rules.name} has no inspector for the disk format ${declared}; convert the data to raw or qcow2`;
  }
  return `the data is ${format}, and the disk format is ${declared}; declare ${counted}, or pass ${declared} data`;
}

function warningFor(
  inspection: ImageInspection,
  declared: string | undefined,
  rules: ConsumerRules,
): string | null {
  const { format, failures, unchecked } = inspection;
  if (failures.length > 0) return `${rules.name} does not detect that ${reasonsOf(inspection)}`;
  if (declared === "raw" && format !== "raw" && !rules.asRaw.includes(format)) {
    return `the data is ${format}, and the disk format is raw, so a guest sees the file and not its disk`;
  }
  if (unchecked.length === 0) return null;
  return `some checks need bytes that were not read (${unchecked.join(", ")})`;
}
