import { assertEquals } from "@std/assert";
import { Messages } from "../../../lib/cli/system/console.ts";
import {
  formatBytes,
  formatTime,
  ProgressLine,
  progressText,
} from "../../../lib/cli/output/progress.ts";
import { MemoryOutput } from "../memory_files.ts";

const MIB = 1024 ** 2;

Deno.test("progressText() shows share, bytes, rate, remaining time and resumes", () => {
  const server = "http://glance.test:9292";
  const of = (transferred: number, total: number | null, resumes = 0) => ({
    transferred,
    total,
    server,
    resumes,
  });
  const cases = [
    [progressText(of(0, 100 * MIB), null), "  0%  0 B of 100 MiB"],
    [progressText(of(0, 100 * MIB), 0), "  0%  0 B of 100 MiB  0 B/s"],
    [
      progressText(of(45 * MIB, 100 * MIB), 5 * MIB),
      " 45%  45.0 MiB of 100 MiB  5.00 MiB/s  11s left",
    ],
    [
      progressText(of(99.9 * MIB, 100 * MIB, 1), MIB),
      " 99%  99.9 MiB of 100 MiB  1.00 MiB/s  0s left  resumed once",
    ],
    [progressText(of(0, 0), null), "100%  0 B of 0 B"],
    [progressText(of(5 * MIB, null, 2), MIB), "5.00 MiB  1.00 MiB/s  resumed 2 times"],
  ];
  for (const [actual, expected] of cases) assertEquals(actual, expected);
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

/** A line on a terminal of 80 columns, with a clock to set. */
function lineOnTerminal(show: "always" | "auto" | "never"): {
  at(time: number, transferred: number): void;
  finish(): Promise<string[]>;
} {
  const out = new MemoryOutput(true);
  const messages = new Messages(out);
  let now = 0;
  const line = new ProgressLine(messages, { show, now: () => now });
  return {
    at(time, transferred) {
      now = time;
      line.report({ transferred, total: 100 * MIB, server: "", resumes: 0 });
    },
    async finish() {
      line.finish();
      await messages.flush();
      return out.text.split("\r\x1b[K").slice(1);
    },
  };
}

Deno.test("ProgressLine writes at most ten lines a second", async () => {
  const { at, finish } = lineOnTerminal("always");
  for (let time = 0; time <= 1000; time += 10) at(time, time / 1000 * 100 * MIB);
  assertEquals((await finish()).length, 11 + 1);
});

Deno.test("ProgressLine computes its rate over the last three seconds", async () => {
  const { at, finish } = lineOnTerminal("always");
  at(0, 0);
  at(1000, 50 * MIB);
  for (let time = 2000; time <= 6000; time += 1000) at(time, (50 + time / 1000) * MIB);
  const lines = await finish();
  assertEquals(lines[1], " 50%  50.0 MiB of 100 MiB  50.0 MiB/s  1s left");
  assertEquals(lines.at(-2), " 56%  56.0 MiB of 100 MiB  1.00 MiB/s  44s left");
  assertEquals(lines.at(-1), "100%  56.0 MiB in 6s  9.33 MiB/s\n");
});

Deno.test("ProgressLine appears after a second by default, and --progress and --no-progress override that", async () => {
  for (const [show, lines] of [["always", 4], ["auto", 2], ["never", 0]] as const) {
    const { at, finish } = lineOnTerminal(show);
    [0, 500, 1200].forEach((time) => at(time, time));
    assertEquals((await finish()).length, lines, show);
  }
});

Deno.test("Messages replaces the progress line of a terminal with a message", async () => {
  const out = new MemoryOutput(true);
  const messages = new Messages(out);
  messages.status("x".repeat(200));
  messages.line("retry: …");
  messages.status(" 5%");
  messages.keepStatus();
  await messages.flush();
  assertEquals(
    out.text,
    `\r\x1b[K${"x".repeat(79)}\r\x1b[Kretry: …\n\r\x1b[K 5%\n`,
  );
});
