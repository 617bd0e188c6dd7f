/** The table of settings in the guide for operators. `deno run -A tests/cli/start/settings_table.ts` writes it. */
import type { Flag } from "../../../lib/cli/args/command.ts";
import { SETTING_FLAGS } from "../../../lib/cli/start/start_flags.ts";

/** The guide. */
export const GUIDE = new URL("../../../.github/OPERATIONS.md", import.meta.url);

const HEADING = "## Reference\n";

/** The rows of the table, as `deno fmt` writes them. */
export function settingsTable(): string {
  const rows = Object.entries<Flag>(SETTING_FLAGS).map(([name, flag]) => [
    `\`${name}\``,
    `\`${valueOf(flag)}\``,
    flag.summary.replaceAll("|", "\\|").replaceAll("*", "\\*"),
  ]);
  const table = [["setting", "value", "what it sets"], ...rows];
  const widths = [0, 1, 2].map((i) => Math.max(...table.map((row) => row[i]?.length ?? 0)));
  const lines = table.map((row) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`
  );
  lines.splice(1, 0, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
  return `${lines.join("\n")}\n`;
}

function valueOf(flag: Flag): string {
  if (flag.kind === "truth") return "true, false";
  if ("choices" in flag && flag.choices !== undefined) return flag.choices.join(", ");
  const placeholder = "value" in flag ? flag.value.slice(1, -1) : "";
  return flag.kind === "list" ? `${placeholder}, …` : placeholder;
}

/** The guide with the table as its last section. */
export function withTable(guide: string): string {
  return `${guide.slice(0, guide.indexOf(HEADING))}${HEADING}\n${settingsTable()}`;
}

if (import.meta.main) await Deno.writeTextFile(GUIDE, withTable(await Deno.readTextFile(GUIDE)));
