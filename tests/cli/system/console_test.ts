import { assert, assertEquals, assertLess } from "@std/assert";
import { Messages } from "../../../lib/cli/system/console.ts";
import { MemoryOutput } from "../memory_files.ts";

/** Standard error that accepts nothing until it is read. */
class UnreadOutput extends MemoryOutput {
  readonly #read = Promise.withResolvers<void>();

  constructor() {
    super(false);
  }

  read(): void {
    this.#read.resolve();
  }

  override async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#read.promise;
    await super.write(bytes);
  }
}

Deno.test("Messages drops and counts lines while standard error is not read, and reports them once", async () => {
  const out = new UnreadOutput();
  const messages = new Messages(out);
  const line = "x".repeat(1_000);
  for (let i = 0; i < 10_000; i++) messages.line(line);
  out.read();
  await messages.flush();
  messages.line("after");
  await messages.flush();
  const lines = out.text.trimEnd().split("\n");
  const kept = lines.filter((text) => text === line).length;
  assertLess(kept, 1_100);
  assertEquals(lines.slice(kept), [
    `Dropped ${10_000 - kept} lines: standard error was not read`,
    "after",
  ]);
});

Deno.test("Messages.flush() ends in time when nothing is read", async () => {
  const out = new UnreadOutput();
  const messages = new Messages(out);
  messages.line("unread");
  await messages.flush(10);
  assertEquals(out.text, "");
  out.read();
  await messages.flush();
  assertEquals(out.text, "unread\n");
});

Deno.test("Messages drops lines when standard error is closed", async () => {
  const out = new MemoryOutput(false);
  let fails = true;
  const messages = new Messages({
    isTerminal: false,
    columns: null,
    write: (bytes) => fails ? Promise.reject(new Error("EPIPE")) : out.write(bytes),
  });
  messages.line("lost");
  await messages.flush();
  fails = false;
  messages.line("kept");
  await messages.flush();
  assert(out.text === "kept\n");
});

Deno.test("Messages.outputAfter() writes after all messages and in place of the status line of the same terminal", async () => {
  for (
    const [isTerminal, expected] of [[true, "a\n 5%\r\x1b[Ktable"], [false, "tablea\n 5%"]] as const
  ) {
    let screen = "";
    const outputOf = (isTerminal: boolean, delay: number) => ({
      isTerminal,
      columns: 80,
      async write(bytes: Uint8Array) {
        for (let i = 0; i < delay; i++) await Promise.resolve();
        screen += new TextDecoder().decode(bytes);
      },
    });
    const messages = new Messages(outputOf(true, 5));
    const stdout = messages.outputAfter(outputOf(isTerminal, 0));
    messages.line("a");
    messages.status(" 5%");
    await stdout.write(new TextEncoder().encode("table"));
    await messages.flush();
    assertEquals(screen, expected.replace(" 5%", "\r\x1b[K 5%"));
  }
});
