/** The samples and metadata of Prometheus' text format. */

/** A sample. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Parses a response of `/metrics`; throws for a line that is neither a comment nor a sample. */
export function samplesOf(text: string): Sample[] {
  return text.trimEnd().split("\n").filter((line) => !line.startsWith("#")).map((line) => {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) throw new Error(`not a sample: ${line}`);
    const [, name = "", list = "", value = ""] = match;
    const labels = [...list.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
      .map(([, label = "", text = ""]) => [label, text] as const);
    return { name, labels: Object.fromEntries(labels), value: Number(value) };
  });
}

/** The value of a sample; undefined if there is none with these labels. */
export function valueOf(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const key = JSON.stringify(Object.entries(labels).sort());
  return samplesOf(text).find((sample) =>
    sample.name === name && JSON.stringify(Object.entries(sample.labels).sort()) === key
  )?.value;
}

/** The names and types of the metrics. */
export function typesOf(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = "", type = ""]) => [
    name,
    type,
  ]));
}
