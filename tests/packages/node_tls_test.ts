/** The server of the packed tarball on Node, with TLS. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { connect } from "node:tls";
import { sampleBytes } from "../../lib/cli/server/sample.ts";
import { CA_CERT, CLIENT_CERT, CLIENT_KEY, SERVER_CERT, SERVER_KEY } from "../auth/certificates.ts";
import { UnpackedCommand } from "./unpacked_command.ts";

const DISK = sampleBytes(24 * 1024 ** 2);

Deno.test("the server of the package uses TLS on Node, and SIGHUP reads the certificate again", async (t) => {
  await using command = await UnpackedCommand.create({ OS_CACERT: "ca.pem" });
  const write = (name: string, text: string) =>
    Deno.writeTextFile(`${command.folder}/${name}`, text);
  await write("cert.pem", SERVER_CERT);
  await write("key.pem", SERVER_KEY);
  await write("ca.pem", CA_CERT);
  const flags = ["--embedded", "--port", "0", "--tls-cert", "cert.pem", "--tls-key", "key.pem"];
  const server = command.start(null, "start", ...flags);
  await server.stdin.close();
  const output = new Lines(server.stdout);
  const log = new Lines(server.stderr);
  using client = Deno.createHttpClient({ caCerts: [CA_CERT] });
  const [, address = ""] = await output.until(/^Listening on (\S+)$/);
  const url = address.replace("127.0.0.1", "localhost");
  const port = Number(new URL(url).port);

  await t.step("an upload and a download of the command", async () => {
    assertMatch(url, /^https:/);
    const raw = ["--disk-format", "raw", "--container-format", "bare"];
    const created = await command.run(url, ["image-create", "--name", "a", ...raw], DISK);
    assertEquals([created.code, created.stderr], [0, ""]);
    const { stdout, stderr } = await command.run(url, ["image-download", "a"]);
    assertEquals(stderr, "");
    assertEquals(stdout, new Uint8Array(DISK));
  });
  await t.step("/metrics names the runtime", async () => {
    const response = await fetch(`${url}/metrics`, { client });
    assertMatch(
      await response.text(),
      /^glance_edge_build_info\{.*runtime="Node\.js\/\d+".*\} 1$/m,
    );
  });
  await t.step("a request without TLS gets no response, and ends no other one", async () => {
    await using plain = await Deno.connect({ hostname: "127.0.0.1", port });
    await plain.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    const read = await plain.read(new Uint8Array(1_000)).catch(() => null);
    assert(read === null || read < 16, "only an alert");
    assertEquals(await health(url, client), 200);
  });
  await t.step(
    "a certificate that cannot be used is logged, and the previous one remains",
    async () => {
      await write("cert.pem", CLIENT_CERT);
      server.kill("SIGHUP");
      const [message] = await log.until(/"kind":"error".*/);
      assertStringIncludes(message, "The previous certificate remains in use.");
      assertEquals(await subjectAt(port), "localhost");
    },
  );
  await t.step("a new certificate is for new connections, and running ones continue", async () => {
    const { images: [{ id }] } = await (await fetch(`${url}/v2/images?name=a`, { client })).json();
    const running = await fetch(`${url}/v2/images/${id}/file`, { client });
    await write("key.pem", CLIENT_KEY);
    server.kill("SIGHUP");
    await log.until(/"kind":"reload".*/);
    assert(await subjectAt(port) !== "localhost");
    assertEquals(await running.bytes(), new Uint8Array(DISK));
  });
  await t.step("SIGTERM ends it with 0", async () => {
    server.kill("SIGTERM");
    const [{ code }] = await Promise.all([server.status, output.close(), log.close()]);
    assertEquals(code, 0);
  });
});

async function health(url: string, client: Deno.HttpClient): Promise<number> {
  const response = await fetch(`${url}/healthz`, { client });
  await response.body?.cancel();
  return response.status;
}

/** The common name of the certificate that a server shows to a new connection. */
async function subjectAt(port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
    });
    return socket.getPeerCertificate().subject.CN;
  } finally {
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.destroy();
    await closed;
  }
}

/** The lines that a process prints. */
class Lines {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The first line that matches, after those that have been read. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const [line = "", ...rest] = this.#text.split("\n");
      if (rest.length === 0) {
        const { done, value } = await this.#reader.read();
        assert(!done, `the process has ended without ${pattern}: ${this.#text}`);
        this.#text += value;
        continue;
      }
      this.#text = rest.join("\n");
      const found = pattern.exec(line);
      if (found !== null) return found;
    }
  }

  /** Reads the rest. */
  async close(): Promise<void> {
    while (!(await this.#reader.read()).done);
  }
}
