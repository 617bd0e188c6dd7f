/** Parses the XML of S3: lists of objects, and errors. It is flat and machine-generated, so patterns suffice. */

/** An object in a list. */
export interface S3Object {
  readonly key: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
}

/** A page of a list of objects. */
export interface ObjectPage {
  readonly objects: readonly S3Object[];
  /** The token for the next page; null after the last one. */
  readonly next: string | null;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

/** Parses the result of ListObjectsV2. */
export function parseObjects(xml: string): ObjectPage {
  const objects = Array.from(
    xml.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g),
    ([, text = ""]) => ({
      key: valueOf(text, "Key") ?? "",
      size: Number(valueOf(text, "Size")),
      modifiedAt: Date.parse(valueOf(text, "LastModified") ?? ""),
    }),
  );
  return { objects, next: valueOf(xml, "NextContinuationToken") };
}

/** The text of the first element with a name; null if there is none. */
export function valueOf(xml: string, name: string): string | null {
  const [, text] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) ?? [];
  if (text === undefined) return null;
  return text.replace(/&(?:#(\d+)|#x([\da-fA-F]+)|(\w+));/g, (all, decimal, hex, entity) => {
    if (entity !== undefined) return ENTITIES[entity] ?? all;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : parseInt(hex, 16));
  });
}
