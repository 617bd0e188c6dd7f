/** Filters and sorts images. Pure. */
import type { GlanceImage } from "../../../api/types.ts";
import { tagsOf } from "../../text.ts";
import type { ImageQuery, ListColumn } from "./list_query.ts";

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** The images that match the query, in its order. `project` is the project of the user, if it is known. */
export function selectImages(
  images: readonly GlanceImage[],
  query: ImageQuery,
  project: string | undefined,
): readonly GlanceImage[] {
  const tests = testsOf(query);
  if (query.tab === "shared" && project !== undefined) {
    tests.push((image) => image.owner !== project);
  }
  const sign = query.descending ? -1 : 1;
  return images.filter((image) => tests.every((test) => test(image)))
    .sort((a, b) => sign * compare(a, b, query.sort) || compare(a, b, "name"));
}

type ImageTest = (image: GlanceImage) => boolean;

function testsOf({ q, status, format, visibility, tag, owner, min, max }: ImageQuery): ImageTest[] {
  const tests: ImageTest[] = [];
  const text = q.trim().toLowerCase();
  if (text !== "") {
    tests.push(({ name, id }) => (name ?? "").toLowerCase().includes(text) || id.startsWith(text));
  }
  if (status !== "") tests.push((image) => image.status === status);
  if (format !== "") tests.push((image) => image.disk_format === format);
  if (visibility !== "") tests.push((image) => image.visibility === visibility);
  if (tag !== "") tests.push((image) => tagsOf(image).includes(tag));
  if (owner !== "") tests.push((image) => image.owner === owner);
  const [least, most] = [bytesOf(min), bytesOf(max)];
  if (least !== null) tests.push(({ size }) => (size ?? -1) >= least);
  if (most !== null) tests.push(({ size }) => (size ?? Infinity) <= most);
  return tests;
}

/** The number of bytes in a text such as `1.5 GiB`, `500M`, or `2 GB`; null if it is not a size. */
export function bytesOf(text: string): number | null {
  const [, digits, prefix = "", binary] =
    /^\s*(\d+(?:[.,]\d+)?)\s*([kmgt]?)(i?)b?\s*$/i.exec(text) ?? [];
  if (digits === undefined) return null;
  const base = binary === "" && /b\s*$/i.test(text) ? 1000 : 1024;
  return Number(digits.replace(",", ".")) *
    base ** ("kmgt".indexOf(prefix.toLowerCase() || " ") + 1);
}

/** Images without a value come first. */
function compare(a: GlanceImage, b: GlanceImage, key: ListColumn): number {
  if (key === "size") return (a.size ?? -1) - (b.size ?? -1);
  const [one, other] = [a[key] ?? "", b[key] ?? ""];
  if (key === "name") return collator.compare(one, other);
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The distinct values of a property, for the choices of a filter. */
export function choicesOf(
  images: readonly GlanceImage[],
  valuesOf: (image: GlanceImage) => readonly (string | null | undefined)[],
): readonly string[] {
  const values = new Set(images.flatMap(valuesOf));
  return [...values].filter((value) => typeof value === "string").sort(collator.compare);
}
