/** The results of `image-audit`, and their summary. */
import type { GlanceImage } from "../../../api/types.ts";
import { formatTime } from "../../output/units.ts";

/** An image with a problem. */
export interface Finding {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  /** `unsafe`, `mismatch`, or `unreadable`. */
  readonly kind: "unsafe" | "mismatch" | "unreadable";
  readonly disk_format: string | null;
  /** Format of the data; null if it could not be read. */
  readonly format: string | null;
  readonly problem: string;
}

/** The reason why an image was not inspected. */
export type Skipped = "without data" | "deactivated" | "ami, ari or aki" | "not bare" | "deleted";

/** Collects the results of an audit. Only images with a problem are kept. */
export class AuditReport {
  readonly #findings: { readonly position: number; readonly finding: Finding }[] = [];
  readonly #skipped = new Map<Skipped, number>();
  /** Images that were read. */
  #inspected = 0;
  /** Images with checks that need bytes after those that were read. */
  #partly = 0;

  /** Images with a problem, in the order of the list. */
  get findings(): readonly Finding[] {
    return this.#findings.toSorted((a, b) => a.position - b.position).map(({ finding }) => finding);
  }

  /** Images that were read and those with an error. */
  get inspected(): number {
    return this.#inspected;
  }

  get found(): number {
    return this.#findings.length;
  }

  /** Counts an image that was inspected. `finding` is null if it has no problem. */
  add(position: number, finding: Finding | null, isPartly: boolean = false): void {
    this.#inspected++;
    if (isPartly) this.#partly++;
    if (finding !== null) this.#findings.push({ position, finding });
  }

  /** Counts an image that was not inspected. */
  skip(reason: Skipped): void {
    this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + 1);
  }

  /** The numbers of images, for programs. */
  counts(): Readonly<Record<string, number>> {
    const kinds = this.#findings.map(({ finding }) => finding.kind);
    const count = (kind: Finding["kind"]) => kinds.filter((one) => one === kind).length;
    return {
      inspected: this.#inspected,
      unsafe: count("unsafe"),
      mismatch: count("mismatch"),
      unreadable: count("unreadable"),
      partly_checked: this.#partly,
      ...Object.fromEntries(
        [...this.#skipped].map(([reason, n]) => [reason.replaceAll(/\W+/g, "_"), n]),
      ),
    };
  }

  /** One sentence, for example `Inspected 12 images in 3s: 1 unsafe; 2 not inspected (2 without data)`. */
  summary(seconds: number): string {
    const { unsafe, mismatch, unreadable } = this.counts();
    const problems = [
      ...unsafe ? [`${unsafe} unsafe`] : [],
      ...mismatch ? [`${mismatch} not of the declared format`] : [],
      ...unreadable ? [`${unreadable} unreadable`] : [],
    ];
    const skipped = [...this.#skipped].map(([reason, n]) => `${n} ${reason}`);
    const total = [...this.#skipped.values()].reduce((a, b) => a + b, 0);
    return [
      `Inspected ${plural(this.#inspected)} in ${formatTime(seconds)}: ${
        problems.length === 0 ? "no problem" : problems.join(", ")
      }`,
      ...this.#partly ? [`${this.#partly} checked only in 256 KiB`] : [],
      ...total ? [`${total} not inspected (${skipped.join(", ")})`] : [],
    ].join("; ");
  }
}

/** `1 image`, `2 images`. */
export function plural(count: number): string {
  return `${count} image${count === 1 ? "" : "s"}`;
}

/** The finding for an image that could not be read, or has a problem. */
export function findingOf(
  { id, name, owner, disk_format }: GlanceImage,
  kind: Finding["kind"],
  format: string | null,
  problem: string,
): Finding {
  return {
    id,
    name: name ?? "",
    owner: owner ?? "",
    kind,
    disk_format: disk_format ?? null,
    format,
    problem,
  };
}
