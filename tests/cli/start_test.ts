import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runDemo } from "../../lib/cli/demo.ts";
import { Interrupted, type World } from "../../lib/cli/mod.ts";
import { runStart } from "../../lib/cli/start.ts";
import { MemoryFiles, MemoryOutput, Scene } from "./scene.ts";

/** A world that can be told to end, and tells when the first text was printed. */
class Stage {
  readonly stdout = new MemoryOutput(false);
  readonly stderr = new MemoryOutput(false);
  readonly #life = new AbortController();
  readonly #printed = Promise.withResolvers<string>();

  get world(): World {
    const { stdout } = this;
    return {
      stdin: { kind: "nothing", open: () => new ReadableStream() },
      stdout: {
        isTerminal: false,
        columns: null,
        write: async (bytes) => {
          await stdout.write(bytes);
          this.#printed.resolve(stdout.text);
        },
      },
      stderr: this.stderr,
      environment: {},
      files: new MemoryFiles(),
      signal: this.#life.signal,
      now: () => 0,
    };
  }

  /** The first text. */
  printed(): Promise<string> {
    return this.#printed.promise;
  }

  end(): void {
    this.#life.abort(new Interrupted("SIGTERM"));
  }
}

Deno.test("start serves a sample image, says what to try, and ends in peace", async () => {
  const stage = new Stage();
  const code = runStart(["--port", "0"], stage.world);
  const text = await stage.printed();
  const url = /^Listening on (http:\/\/127\.0\.0\.1:\d+)\n/.exec(text)?.[1] ?? "";
  for (
    const line of [
      `curl ${url}/v2/images`,
      `GLANCE_API_SERVERS=${url} npx -y deno@${Deno.version.deno} task glance image-list`,
      `openstack --os-auth-type none --os-endpoint ${url} image list`,
    ]
  ) assertStringIncludes(text, line);

  const { stdout } = await new Scene((request) => fetch(request)).run(
    ["image-list", "--json"],
    { environment: { GLANCE_API_SERVERS: url } },
  );
  const [{ name, status, size }] = JSON.parse(stdout);
  assertEquals([name, status, size], ["sample", "active", 262_144]);

  stage.end();
  assertEquals([await code, stage.stderr.text], [0, ""]);
});

Deno.test("start finishes what it is sending before it ends", async () => {
  const stage = new Stage();
  const code = runStart(["--port", "0"], stage.world);
  const url = /http:\S+/.exec(await stage.printed())?.[0];
  const { images: [image] } = await (await fetch(`${url}/v2/images`)).json();
  const answer = await fetch(`${url}${image.file}`);
  stage.end();
  assertEquals((await answer.bytes()).byteLength, 262_144);
  assertEquals(await code, 0);
});

Deno.test("start --data keeps images, adds no second sample, and shares with nobody", async () => {
  const directory = await Deno.makeTempDir();
  const data = `${directory}/new/images`;
  try {
    for (let run = 0; run < 2; run++) {
      const stage = new Stage();
      const code = runStart(["--port", "0", "--data", data], stage.world);
      const url = /http:\S+/.exec(await stage.printed())?.[0];
      const { images } = await (await fetch(`${url}/v2/images`)).json();
      assertEquals(images.map(({ name }: { name: string }) => name), ["sample"]);

      const second = new Stage();
      assertEquals(await runStart(["--port", "0", "--data", data], second.world), 1);
      assertEquals(
        second.stderr.text,
        `Cannot use "${data}": another server uses it; stop that one, or choose another directory with --data\n`,
      );
      stage.end();
      assertEquals(await code, 0);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("start says what is wrong, and how to go on", async (t) => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const file = await Deno.makeTempFile();
  const cases: readonly (readonly [args: readonly string[], code: number, says: string])[] = [
    [
      ["--port", String(port)],
      1,
      `Cannot listen on http://127.0.0.1:${port}: another program listens there; stop it, or choose another port with --port`,
    ],
    [["--port", "http"], 2, 'Cannot use "--port http": it must be a whole number of at least 0'],
    [["--port", "65536"], 2, 'Cannot use "--port 65536": it must be at most 65535'],
    [
      ["--host", "192.0.2.1", "--port", "0"],
      1,
      "Cannot listen on http://192.0.2.1:0: this machine has no such address; correct --host",
    ],
    [["--data="], 2, 'Cannot use "--data": the name is empty; check its variable'],
    [
      ["--data", file],
      1,
      `Cannot use "${file}": it is no directory; choose another with --data`,
    ],
    [
      ["--data", `${file}/images`],
      1,
      `Cannot use "${file}/images": a part of the path is no directory; correct it`,
    ],
    [["--prot", "1"], 2, 'Cannot use "--prot": there is no such flag here; did you mean "--port"?'],
    [["9292"], 2, 'Cannot understand "9292": there are flags only; see --help'],
  ];
  for (const [args, code, says] of cases) {
    await t.step(args.join(" "), async () => {
      const stage = new Stage();
      assertEquals(await runStart(args, stage.world), code);
      assertEquals([stage.stdout.text, stage.stderr.text], ["", `${says}\n`]);
    });
  }
  await Deno.remove(file);
});

Deno.test("start --help names its flags", async () => {
  const stage = new Stage();
  assertEquals(await runStart(["--help"], stage.world), 0);
  for (const flag of ["--host", "--port", "--data"]) assertStringIncludes(stage.stdout.text, flag);
});

Deno.test("demo tells the whole story, with a server that dies on the way", async () => {
  const stage = new Stage();
  assertEquals([await runDemo(stage.world), stage.stderr.text], [0, ""]);
  const lines = stage.stdout.text.trimEnd().split("\n");
  assertEquals(lines.length, 7);
  const [servers = "", , , stopped = "", resumed = "", downloaded = ""] = lines;
  const dead = /^Stopped (\S+) after 16\.\d MiB/.exec(stopped)?.[1] ?? "-";
  const alive = /^Went on at byte \d+ from (\S+)$/.exec(resumed)?.[1] ?? "-";
  assert(servers.includes(dead) && servers.includes(alive) && dead !== alive, servers);
  assertMatch(downloaded, /^Downloaded 64\.0 MiB: every byte once/);
});
