import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import configuration from "../../../deno.json" with { type: "json" };
import { GLOBAL_FLAGS } from "../../../lib/cli/args/global_flags.ts";
import { allCommands } from "../../../lib/cli/command_table.ts";
import { CliHarness } from "../harness.ts";
import { namesOf } from "./flag_names.ts";

const COMMANDS = await allCommands();

Deno.test("COMMANDS has no flag that is also a global flag", () => {
  const global = namesOf(GLOBAL_FLAGS);
  for (const { name, flags } of COMMANDS) {
    for (const flag of namesOf(flags)) assert(!global.has(flag), `${name} --${flag}`);
  }
});

Deno.test("commandHelp() names the arguments and flags of a command, in 80 columns", async () => {
  for (const { name, summary, flags, positionals = [] } of COMMANDS) {
    const { code, stdout } = await new CliHarness().run(["help", name]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, `usage: glance-edge ${name}`);
    for (const flag of namesOf(flags)) assertMatch(stdout, new RegExp(`--${flag}\\b`));
    for (const positional of positionals) assertStringIncludes(stdout, positional.name);
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
    assert(/^[A-Z].*[^.]$/.test(summary), summary);
  }
});

Deno.test("programHelp() names commands, flags, variables and exit codes", async () => {
  const { code, stdout } = await new CliHarness().run([]);
  assertEquals(code, 0);
  for (const { name } of COMMANDS) assertMatch(stdout, new RegExp(`^  ${name}( |$)`, "m"));
  for (const flag of namesOf(GLOBAL_FLAGS)) assertMatch(stdout, new RegExp(`--${flag}\\b`));
  assertMatch(stdout, /--os-auth-url <URL> +URL of Keystone \[OS_AUTH_URL\]/);
  for (const word of ["OS_CLOUD", "GLANCE_API_SERVERS", "glance-edge start", "141", "130"]) {
    assertStringIncludes(stdout, word);
  }
  for (const line of stdout.split("\n")) assert(line.length <= 80, line);
});

Deno.test("runGlance() names commands as users start the program", async () => {
  const run = async (...args: string[]) => {
    const { stdout, stderr } = await new CliHarness().run(args, { program: "deno task glance" });
    return stdout + stderr;
  };
  assertEquals(
    await run("image-show"),
    'Cannot run "image-show": <IMAGE> is missing; see "deno task glance help image-show"\n',
  );
  assertEquals(
    await run("image-show", "x"),
    'Cannot find image "x": no image with this id or name is visible to you; see "deno task glance image-list"\n',
  );
  assertMatch(await run(), /of a command: "deno task\s+glance help image-create"/);
  assertMatch(await run("help", "image-stage"), /^usage: deno task glance image-stage/);
  for (const { name } of COMMANDS) {
    const text = await run("help", name);
    assert(!text.includes('"glance-edge '), text);
    for (const line of text.split("\n")) assert(line.length <= 80, line);
  }
});

Deno.test("--version is the version of the package", async () => {
  const { code, stdout } = await new CliHarness().run(["--version"]);
  assertEquals([code, stdout], [0, `${configuration.version}\n`]);
});

Deno.test("runGlance() has the commands version and help help", async () => {
  const harness = new CliHarness();
  assertEquals((await harness.run(["version"])).stdout, `${configuration.version}\n`);
  const { stdout } = await harness.run(["help"]);
  for (const args of [["help", "help"], ["help", "version"], ["--debug", "help"]]) {
    assertEquals(await harness.run(args).then((run) => [run.code, run.stdout]), [0, stdout]);
  }
});

Deno.test("start is in the list of commands, and must be the first word", async () => {
  const harness = new CliHarness();
  assertStringIncludes((await harness.run(["help", "start"])).stdout, "--drain-timeout");
  const { code, stderr } = await harness.run(["start", "--port", "0"]);
  assertEquals([code, stderr], [
    2,
    'Cannot run "start": it must be the first word; write its flags after it\n',
  ]);
});
