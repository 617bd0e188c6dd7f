/**
 * Completion in real shells: keys are typed at a terminal, and the program prints the arguments that it receives.
 * Names of images must arrive unchanged, and nothing in them may be evaluated.
 */
import { assert, assertEquals } from "@std/assert";
import { CliHarness } from "../harness.ts";

/** The beginning to type, the name to complete it to, and the shells in which it is typed so. */
const NAMES: readonly (readonly [typed: string, name: string])[] = [
  ["wid", "wide d disk"],
  ["'squ", "squote 'it'"],
  ['"dqu', 'dquote "a" `id` $HOME \\ x'],
  ['"end', 'end in "quotes"'],
  ["quo", "quotes ' \" disk"],
  ["sub", "sub $(touch pwned) `touch pwned`"],
  ["sem", "semi; touch pwned & | > pwned"],
  ["ast", "aster * ? [a] {b,c} ~ # !"],
  ["bac", "back\\slash"],
  ["uni", "uni-日本語 é"],
  ["space\\ e", "space e disk"],
  ["'space e", "space e disk"],
];

/** Names with characters at which bash divides words. */
const DIVIDED: readonly (readonly [typed: string, name: string])[] = [
  ["tag:2", "tag:24.04 lts"],
  ["tag:", "tag:24.04 lts"],
  ["at@h", "at@host"],
  ["eq=", "eq=ual"],
];

const SHELLS: Readonly<Record<string, readonly string[]>> = {
  bash: ["bash", "--norc", "--noprofile", "-i"],
  zsh: ["zsh", "-f", "-i"],
  fish: ["fish", "--no-config", "-i"],
};

async function has(program: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", `command -v ${program}`] })
    .output();
  return success;
}

/** Types the lines in the shell, with a tab after each, and returns the arguments of the commands. */
async function typedIn(
  shell: string,
  lines: readonly string[],
  names: readonly string[],
): Promise<{ readonly received: string[]; readonly created: string[] }> {
  const folder = await Deno.makeTempDir({ prefix: "glance-completion-" });
  try {
    const { stdout } = await new CliHarness().run(["completion", shell]);
    await Deno.writeTextFile(`${folder}/script`, stdout);
    await Deno.writeTextFile(`${folder}/names`, names.map((name) => `${name}\n`).join(""));
    const program = `#!/bin/sh
if [ "$1" = complete-images ]; then cat "${folder}/names"; exit; fi
printf '%s\n' "$2" >> "${folder}/received"
`;
    await Deno.mkdir(`${folder}/bin`);
    await Deno.mkdir(`${folder}/work`);
    await Deno.writeTextFile(`${folder}/bin/glance-edge`, program, { mode: 0o755 });
    await Deno.writeTextFile(`${folder}/received`, "");
    const [prologue, ...keys] = [
      shell === "zsh"
        ? `autoload -U compinit; compinit -u -d ${folder}/dump; source ${folder}/script`
        : `source ${folder}/script`,
      ...lines.map((line) => `glance-edge image-show ${line}\t`),
    ];
    const child = new Deno.Command("python3", {
      args: ["-c", TYPIST, ...SHELLS[shell] ?? []],
      cwd: `${folder}/work`,
      env: {
        RECEIVED: `${folder}/received`,
        PATH: `${folder}/bin:${Deno.env.get("PATH")}`,
        HOME: folder,
        TERM: "xterm",
        LC_ALL: "C.UTF-8",
        PS1: "> ",
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify([prologue, ...keys])));
    await writer.close();
    const { success, stdout: screen, stderr } = await child.output();
    const text = new TextDecoder();
    assert(success, text.decode(stderr) + text.decode(screen));
    const received = (await Deno.readTextFile(`${folder}/received`)).split("\n").slice(0, -1);
    const created = Array.from(Deno.readDirSync(`${folder}/work`), ({ name }) => name);
    return { received, created };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Runs a shell at a terminal. The first line loads the completion. Each other line is a command: the next one is
 * typed when the program has received it and the shell prompts again. A shell reads the keys in their order, so
 * Enter does not wait for the completion of the word.
 */
const TYPIST = `
import json, os, pty, re, select, sys, time
lines = json.load(sys.stdin)
received = os.environ["RECEIVED"]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
end = time.time() + 120
def read(wait):
    if time.time() > end: sys.exit("the shell does not respond")
    if not select.select([fd], [], [], wait)[0]: return b""
    try:
        data = os.read(fd, 65536)
    except OSError:
        return None
    # Shells ask the terminal for its cursor and its attributes before they start.
    if b"\\x1b[6n" in data: os.write(fd, b"\\x1b[1;1R")
    if b"\\x1b[c" in data or b"\\x1b[0c" in data: os.write(fd, b"\\x1b[?62;c")
    sys.stdout.buffer.write(data)
    return data
def prompt(count):
    screen = b""
    while not re.search(rb"[#$%>] ", screen) or commands() < count:
        data = read(0.05)
        if data is None: sys.exit("the shell has ended")
        # What was drawn before the program has received the command is no prompt for the next one.
        screen = screen + data if commands() >= count else b""
def commands():
    with open(received, "rb") as file: return file.read().count(b"\\n")
prompt(0)
for count, line in enumerate(lines):
    os.write(fd, line.encode() + b"\\r")
    prompt(count)
os.write(fd, b"exit\\r")
while read(1): pass
os.close(fd)
os.waitpid(pid, 0)
`;

for (const shell of Object.keys(SHELLS)) {
  const ignore = !await has(shell) || !await has("python3");
  Deno.test({
    name: `completion ${shell} inserts hostile names of images unchanged`,
    ignore,
    async fn() {
      // Zsh cannot insert a quote into a word that is being quoted with it.
      const usual = shell === "zsh" ? NAMES.filter(([, name]) => !name.startsWith("sq")) : NAMES;
      const cases = shell === "bash" ? [...usual, ...DIVIDED] : usual;
      const names = [...new Set(cases.map(([, name]) => name))];
      const { received, created } = await typedIn(shell, cases.map(([typed]) => typed), names);
      assertEquals(received, cases.map(([, name]) => name));
      assertEquals(created, []);
    },
  });
}
