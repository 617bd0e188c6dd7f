import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { GLOBAL_FLAGS } from "../../../lib/cli/args/global_flags.ts";
import { allCommands } from "../../../lib/cli/command_table.ts";
import { CliHarness } from "../harness.ts";
import { namesOf } from "./flag_names.ts";

const COMMANDS = await allCommands();

const NAMES = COMMANDS.map(({ name }) => name);

async function script(shell: string): Promise<string> {
  const { code, stdout, stderr } = await new CliHarness().run(["completion", shell]);
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

/** The completions of bash for a command line whose last word is incomplete. */
async function offered(...words: readonly string[]): Promise<string[]> {
  const lines = [
    await script("bash"),
    'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _glance_edge; printf "%s\\n" "${COMPREPLY[@]}"',
  ];
  const { stdout } = await new Deno.Command("bash", {
    args: ["-c", lines.join("\n"), "bash", "glance", ...words],
  }).output();
  return new TextDecoder().decode(stdout).trim().split("\n");
}

Deno.test("bash-completion prints every command and every flag of a command", async () => {
  for (const name of ["bash-completion", "bash_completion"]) {
    const { code, stdout } = await new CliHarness().run([name]);
    assertEquals(code, 0);
    const words = new Set(stdout.trim().split(" "));
    const own = ["bash-completion", "completion"];
    for (const { name, flags } of COMMANDS.filter(({ name }) => !own.includes(name))) {
      assert(words.has(name), name);
      for (const flag of Object.keys(flags)) assert(words.has(`--${flag}`), flag);
    }
    for (const word of ["help", "-h", "--help"]) assert(words.has(word), word);
    for (const word of own) assert(!words.has(word), word);
  }
});

Deno.test("completion bash completes commands, flags, choices and the argument of help", async () => {
  assertEquals(await offered("image-del"), ["image-delete"]);
  assertEquals(new Set(await offered("")), new Set(["help", "version", ...NAMES]));
  const sort = ["--sort-key", "--sort-dir", "--sort"];
  assertEquals(await offered("image-list", "--so"), sort);
  assertEquals(await offered("--os-cloud", "mine", "image-list", "--so"), sort);
  assertEquals(await offered("completion", ""), ["bash", "zsh", "fish"]);
  assertEquals(await offered("member-update", "a", "b", "acc"), ["accepted"]);
  assertEquals(await offered("help", "image-del"), ["image-delete"]);
  assertEquals(await offered("--os-cl"), ["--os-cloud"]);
  assertEquals(await offered("image-show", "--os-cl"), ["--os-cloud"]);
});

Deno.test("completion bash completes words after the value of a flag", async () => {
  assertEquals(await offered("image-download", "--verify", ""), ["auto", "required", "off"]);
  assertEquals(await offered("image-copy", "--verify", "r"), ["required"]);
  assertEquals(await offered("image-create", "--disk-format", "q"), ["qcow2"]);
  assertEquals(await offered("image-create", "--container-format", "b"), ["bare"]);
  // Nothing: the shell offers its files.
  for (const flag of ["--file", "--name", "--os-cloud", "--tag"]) {
    assertEquals(await offered("image-create", flag, ""), [""], flag);
  }
  for (const flag of ["--protected", "--progress", "--debug", "-d"]) {
    assert((await offered("image-create", flag, "")).includes("--file"), flag);
  }
  assertEquals(await offered("image-create", "--protected", "T"), ["True"]);
  assertEquals(await offered("image-list", "-f", "j"), ["json"]);
  assertEquals(await offered("image-list", "--format", "=", "j"), ["json"]);
  assertEquals(await offered("image-copy", "--verify", "="), ["auto", "required"]);
  assertEquals(await offered("--os-cloud", "image-show", "image-copy", "--verif"), ["--verify"]);
  assertEquals(await offered("--os-auth-url", "http", ":", "//x", "image-copy", "--verif"), [
    "--verify",
  ]);
  assertEquals(await offered("--os-cloud", ""), [""]);
  assertEquals(await offered("--os-cloud", "help"), [""]);
});

Deno.test("completion zsh runs the bash script through bashcompinit", async () => {
  assertEquals(
    await script("zsh"),
    `autoload -U +X bashcompinit && bashcompinit\n${await script("bash")}`,
  );
});

Deno.test("completion fish prints a line for each command and each flag", async () => {
  const text = await script("fish");
  assert(text.startsWith("function __glance_edge_images\n"));
  const lines = text.slice(text.indexOf("\nend\n") + 5).trimEnd().split("\n");
  for (const line of lines) {
    // Quotes inside of quotes would end them.
    assertEquals(line.replaceAll(/\\['\\]/g, "").split("'").length % 2, 1, line);
    assert(line.startsWith("complete -c glance-edge "), line);
  }
  for (const { name, flags, summary } of COMMANDS) {
    const own = lines.filter((line) => line.includes(`__fish_seen_subcommand_from ${name}'`));
    for (const flag of namesOf(flags)) {
      assert(own.some((line) => line.includes(` -l ${flag} `)), `${name} ${flag}`);
    }
    const words = summary.replaceAll("'", "\\'");
    assertStringIncludes(text, `-f -a ${name} -d '${words}'`);
  }
  const verify = lines.find((line) => line.includes("from image-copy' -l verify"));
  assertStringIncludes(verify ?? "", " -l verify -x -a 'auto required' -d '");
  for (const flag of namesOf(GLOBAL_FLAGS)) {
    const isGlobal = (line: string) =>
      line.startsWith("complete -c glance-edge -l ") && line.includes(` -l ${flag} `);
    assert(lines.some(isGlobal), flag);
  }
});

Deno.test("completion supports three shells", async () => {
  const { code, stderr } = await new CliHarness().run(["completion", "cmd"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, '"bash", "zsh", or "fish"');
});
