/** A template for HTML that escapes every value. Pure. */

/** HTML that a template has made. Only this is written as it is. */
export class Markup {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Makes HTML of a template: texts are escaped, and the results of other templates are inserted. */
export function html(
  texts: TemplateStringsArray,
  ...values: readonly (string | Markup | readonly Markup[])[]
): Markup {
  return new Markup(texts.reduce((all, text, i) => all + written(values[i - 1]) + text));
}

function written(value: string | Markup | readonly Markup[] = ""): string {
  if (value instanceof Markup) return value.html;
  if (typeof value !== "string") return value.map(written).join("");
  return value.replace(/[&<>"']/g, (unit) => ENTITIES[unit] ?? "");
}
