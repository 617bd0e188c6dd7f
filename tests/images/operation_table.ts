/** The table of operations for people, in Markdown: what the README prints. */
import { OPERATIONS } from "../../mod.ts";

const HEAD = ["operation", "request", "since", "repeated", "success", "errors"];

/** Heading, rule and one line an operation; cells are not padded. */
export function operationTable(): string {
  const rows = Object.entries(OPERATIONS).map(([name, row]) => [
    `\`${name}\``,
    `\`${row.verb} ${row.path}\``,
    row.feature === undefined ? row.since : `${row.since}, ${row.feature}`,
    row.idempotent ? "yes" : "no",
    row.success.join(", ") || "never",
    Object.keys(row.errors).join(", "),
  ]);
  return [HEAD, HEAD.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join(
    "\n",
  );
}

if (import.meta.main) console.log(operationTable());
