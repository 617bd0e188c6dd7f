import { assert, assertEquals, assertMatch } from "@std/assert";
import { Messages } from "../../../lib/cli/system/console.ts";
import { ProgressLine, type ProgressLineOptions } from "../../../lib/cli/output/progress.ts";
import {
  finalLine,
  plainLine,
  type ProgressState,
  terminalLine,
} from "../../../lib/cli/output/progress_text.ts";
import { widthOf } from "../../../lib/cli/output/table.ts";
import { formatBytes, formatTime } from "../../../lib/cli/output/units.ts";
import { MemoryOutput } from "../memory_files.ts";

const MIB = 1024 ** 2;

function stateOf(more: Partial<ProgressState> = {}): ProgressState {
  return {
    name: "disk.img",
    transferred: 45 * MIB,
    total: 100 * MIB,
    resumes: 0,
    rate: 5 * MIB,
    left: 11,
    waiting: null,
    ...more,
  };
}

Deno.test("terminalLine() shows name, percent, bar, bytes, rate, remaining time and resumes", () => {
  const cases: readonly (readonly [Partial<ProgressState>, string])[] = [
    [{}, "disk.img   45% [====>     ]  45.0 MiB of 100 MiB  5.00 MiB/s  11s left"],
    [
      { resumes: 2, left: null },
      "disk.img   45% [========>         ]  resumed 2 times  5.00 MiB/s",
    ],
    [
      { transferred: 0, rate: null, left: null },
      "disk.img    0% [>         ]       0 B of 100 MiB",
    ],
    [
      { transferred: 100 * MIB, left: 0 },
      "disk.img  100% [==========]   100 MiB of 100 MiB  5.00 MiB/s  0s left",
    ],
    [
      { total: 0, transferred: 0, rate: null, left: null },
      "disk.img  100% [==================]       0 B of 0 B",
    ],
    [{ total: null, left: null }, "disk.img  45.0 MiB  5.00 MiB/s"],
    [
      { waiting: { seconds: 12, isForServer: true }, left: null },
      "disk.img   45% [====>     ]  45.0 MiB of 100 MiB  waiting 12s for a server",
    ],
    [
      { waiting: { seconds: 3, isForServer: false }, rate: 0, left: null },
      "disk.img   45% [====>     ]  45.0 MiB of 100 MiB  waiting 3s",
    ],
    [
      { source: { read: 10 * MIB, total: 40 * MIB, resumes: 0 }, total: null },
      "disk.img   25% [====>             ]  5.00 MiB/s  11s left",
    ],
  ];
  for (const [state, line] of cases) assertEquals(terminalLine(stateOf(state), 80), line);
  assertEquals(
    terminalLine(stateOf({ source: { read: 10 * MIB, total: 40 * MIB, resumes: 0 } }), 120),
    "disk.img   25% [=======>                    ]  10.0 MiB of 40.0 MiB read, 45.0 MiB sent  5.00 MiB/s  11s left",
  );
});

/** Names that are hard to measure. */
const NAMES = [
  "a",
  "disk.img",
  "a-very-long-name-of-an-image-with-a-version-2026.04.01-amd64-server-cloudimg.qcow2",
  "日本語のディスクイメージのとても長い名前です.qcow2",
  "👩‍👩‍👧‍👦".repeat(30),
  "קובץ דיסק",
  "e\u0301".repeat(50),
  "a\nb\x1b[2J\u202e",
];

Deno.test("terminalLine() is shorter than the terminal, for each name and each width", () => {
  for (const name of NAMES) {
    for (const columns of [1, 2, 10, 20, 33, 47, 64, 79, 80, 81, 120, 200]) {
      for (const more of [{}, { total: null, left: null }, { resumes: 3 }]) {
        const line = terminalLine(stateOf({ name, ...more }), columns);
        assert(widthOf(line) < columns, `${columns}: ${line}`);
        // deno-lint-ignore no-control-regex
        assert(!/[\x00-\x1f\x7f\u202e]/.test(line), line);
      }
    }
  }
});

Deno.test("terminalLine() leaves out bytes, bar, resumes and rate, in this order, and shortens the name", () => {
  const state = stateOf({ resumes: 1 });
  assertEquals(
    [100, 80, 60, 40, 30].map((columns) => terminalLine(state, columns)),
    [
      "disk.img   45% [====>     ]  45.0 MiB of 100 MiB  resumed once  5.00 MiB/s  11s left",
      "disk.img   45% [========>         ]  resumed once  5.00 MiB/s  11s left",
      "disk.img   45%  resumed once  5.00 MiB/s  11s left",
      "disk.img   45%  5.00 MiB/s  11s left",
      "disk.img   45%  11s left",
    ],
  );
  const long = { ...state, name: "a-name-that-is-longer.qcow2" };
  assertEquals(terminalLine(long, 80).slice(0, 24), "a-name-th...   45% [====");
  assertEquals(terminalLine(long, 33), "a-name-that-i...   45%  11s left");
});

Deno.test("terminalLine() does not move its columns while the numbers grow", () => {
  const columns = new Set<number>();
  for (let transferred = 0; transferred <= 100 * MIB; transferred += 777_777) {
    columns.add(
      terminalLine(stateOf({ transferred, rate: transferred }), 120).indexOf(" 11s left"),
    );
  }
  assertEquals(columns.size, 1);
});

Deno.test("terminalLine() continues from left to right after a name of the other direction", () => {
  assertMatch(terminalLine(stateOf({ name: "קובץ" }), 80), /^קובץ\u200e {3}45%/);
  assertEquals(terminalLine(stateOf(), 80).includes("\u200e"), false);
});

Deno.test("plainLine() and finalLine() are sentences of the same words", () => {
  assertEquals(plainLine(stateOf()), "disk.img  45%  45.0 MiB of 100 MiB  5.00 MiB/s  11s left");
  const unknown = stateOf({ total: null, left: null, rate: null });
  assertEquals(plainLine(unknown), "disk.img  45.0 MiB");
  assertEquals(
    finalLine(stateOf({ resumes: 1 }), 9),
    "disk.img  100%  45.0 MiB in 9s  5.00 MiB/s  resumed once",
  );
  assertEquals(finalLine(stateOf({ transferred: 0 }), 0), "disk.img  100%  0 B in 0s");
});

Deno.test("formatBytes() shows three digits and a binary unit", () => {
  const cases = [[0, "0 B"], [999, "999 B"], [1000, "0.98 KiB"], [1536, "1.50 KiB"]] as const;
  for (const [bytes, text] of cases) assertEquals(formatBytes(bytes), text);
  assertEquals(formatBytes(12.34 * MIB), "12.3 MiB");
  assertEquals(formatBytes(1024 ** 5), "1.00 PiB");
});

Deno.test("formatTime() shows seconds, minutes and hours", () => {
  const cases = [[0.4, "0s"], [59.4, "59s"], [59.6, "1m00s"], [125, "2m05s"], [11_220, "3h07m"]];
  for (const [seconds, text] of cases) assertEquals(formatTime(Number(seconds)), text);
});

/** A line with a clock to set, on a terminal of 80 columns or without one. */
function shownLine(options: Partial<ProgressLineOptions> = {}, isTerminal: boolean = true) {
  const out = new MemoryOutput(isTerminal);
  const messages = new Messages(out);
  let now = 0;
  const line = new ProgressLine(messages, {
    name: "disk",
    show: "always",
    now: () => now,
    ...options,
  });
  return {
    line,
    at(time: number, transferred: number): void {
      now = time;
      line.report({ transferred, total: 100 * MIB, server: "", resumes: 0 });
    },
    tick(time: number): void {
      now = time;
      line.tick();
    },
    async lines(): Promise<string[]> {
      await messages.flush();
      return isTerminal ? out.text.split("\r\x1b[K").slice(1) : out.text.split("\n").slice(0, -1);
    },
  };
}

Deno.test("ProgressLine writes at most ten lines a second", async () => {
  const { at, line, lines } = shownLine();
  for (let time = 0; time <= 1000; time += 10) at(time, time / 1000 * 100 * MIB);
  line.finish();
  assertEquals((await lines()).length, 11 + 1);
});

Deno.test("ProgressLine shows the current rate, and at the end the average", async () => {
  const { at, line, lines } = shownLine();
  at(0, 0);
  at(1000, 50 * MIB);
  for (let time = 2000; time <= 6000; time += 1000) at(time, (50 + time / 1000) * MIB);
  line.finish();
  const written = await lines();
  assertMatch(written[1] ?? "", / 50% .* 50\.0 MiB of 100 MiB {2}50\.0 MiB\/s {2}1s left$/);
  assertMatch(written.at(-2) ?? "", / 56% .* 1\.00 MiB\/s {2}44s left$/);
  assertEquals(written.at(-1), "disk  100%  56.0 MiB in 6s  9.33 MiB/s\n");
});

Deno.test("ProgressLine begins at the percent of a partial file, whose bytes do not count in the rate", async () => {
  const { at, lines } = shownLine({ start: 300 * MIB });
  at(0, 0);
  at(2_000, 10 * MIB);
  const [first = "", last = ""] = await lines();
  assertMatch(first, / 75% .*300 MiB of 400 MiB$/);
  assertMatch(last, / 77% .*310 MiB of 400 MiB {2}5\.00 MiB\/s {2}18s left$/);
});

Deno.test("ProgressLine appears after a second by default, and --progress and --no-progress override that", async () => {
  for (const [show, count] of [["always", 4], ["auto", 2], ["never", 0]] as const) {
    const { at, line, lines } = shownLine({ show });
    [0, 500, 1200].forEach((time) => at(time, time));
    line.finish();
    assertEquals((await lines()).length, count, show);
  }
});

Deno.test("ProgressLine shows after two seconds without a byte what the transfer waits for", async () => {
  const { at, tick, line, lines } = shownLine();
  at(0, 0);
  at(1_000, MIB);
  tick(2_000);
  tick(3_000);
  line.notice({ kind: "retry" });
  tick(4_000);
  at(5_000, 2 * MIB);
  tick(7_000);
  const states = (await lines()).map((text) => / waiting.*/.exec(text)?.[0] ?? "");
  assertEquals(states, ["", "", "", " waiting 2s", " waiting 3s for a server", "", " waiting 2s"]);
});

Deno.test("ProgressLine shows the rate after an outage, not that during it", async () => {
  const { at, line, lines } = shownLine();
  at(0, 0);
  at(1_000, MIB);
  line.notice({ kind: "retry" });
  at(10_000, 2 * MIB);
  at(11_000, 4 * MIB);
  const rates = (await lines()).map((text) => /[\d.]+ MiB\/s.*/.exec(text)?.[0]);
  assertEquals(rates, [undefined, "1.00 MiB/s  1m39s left", undefined, "2.00 MiB/s  48s left"]);
});

Deno.test("ProgressLine writes a plain line every ten seconds without a terminal, only on request", async () => {
  for (const show of ["always", "auto", "never"] as const) {
    const { at, tick, line, lines } = shownLine({ show }, false);
    for (let time = 0; time <= 25_000; time += 50) at(time, time * 1024);
    tick(31_000);
    line.finish();
    const written = await lines();
    assertEquals(
      written,
      show !== "always" ? [] : [
        "disk  9%  9.77 MiB of 100 MiB  0.98 MiB/s  1m32s left",
        "disk  19%  19.5 MiB of 100 MiB  0.98 MiB/s  1m22s left",
        "disk  24%  24.4 MiB of 100 MiB  waiting 6s",
        "disk  100%  24.4 MiB in 31s  806 KiB/s",
      ],
    );
  }
});

Deno.test("Messages replaces the progress line of a terminal with a message", async () => {
  const out = new MemoryOutput(true);
  const messages = new Messages(out);
  messages.status("x".repeat(200));
  messages.status("日".repeat(200));
  messages.line("retry: …");
  messages.status(" 5%");
  messages.keepStatus();
  await messages.flush();
  assertEquals(
    out.text,
    `\r\x1b[K${"x".repeat(79)}\r\x1b[K${"日".repeat(39)}\r\x1b[Kretry: …\n\r\x1b[K 5%\n`,
  );
});
