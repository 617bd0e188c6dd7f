/** TLS of the server, on the sockets of `node:net`, which Deno and Node have. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { listenAndServe, type RunningServer } from "../../../lib/cli/server/serve.ts";
import { sampleBytes } from "../../../lib/cli/server/sample.ts";
import { TlsCertificate } from "../../../lib/cli/server/tls_certificate.ts";
import {
  CA_CERT,
  CLIENT_CERT,
  CLIENT_KEY,
  SERVER_CERT,
  SERVER_KEY,
} from "../../auth/certificates.ts";
import { settled } from "../../../lib/testing/clock.ts";
import { MemoryFiles } from "../memory_files.ts";

const PATHS = { certFile: "cert.pem", keyFile: "key.pem" };
const LOOPBACK = { host: "127.0.0.1", port: 0 };
const BYTES = sampleBytes(3_000_000);

/** Answers with the body of the request, or with its URL. */
const echo = (request: Request) => Promise.resolve(new Response(request.body ?? request.url));

/** Files with the certificate of `localhost`. */
function certificateFiles(): MemoryFiles {
  return new MemoryFiles({ "cert.pem": SERVER_CERT, "key.pem": SERVER_KEY });
}

function write(files: MemoryFiles, certificate: string, key: string): void {
  files.content.set("cert.pem", new TextEncoder().encode(certificate));
  files.content.set("key.pem", new TextEncoder().encode(key));
}

async function serveTls(certificate: TlsCertificate, handler = echo): Promise<RunningServer> {
  return await listenAndServe(handler, LOOPBACK, { certificate });
}

/** A new connection, and the name in the certificate that it gets. */
async function nameAt({ url }: RunningServer): Promise<string> {
  const { connect } = await import("node:tls");
  const socket = connect({
    port: Number(new URL(url).port),
    host: "127.0.0.1",
    rejectUnauthorized: false,
  });
  await new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  const { subject: { CN } } = socket.getPeerCertificate();
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.destroy();
  await closed;
  return String(CN);
}

Deno.test("listenAndServe() serves bodies in both directions over TLS, with https URLs", async () => {
  const certificate = await TlsCertificate.open(PATHS, certificateFiles());
  const server = await serveTls(certificate);
  using client = Deno.createHttpClient({ caCerts: [CA_CERT] });
  const url = server.url.replace("127.0.0.1", "localhost");
  try {
    assertMatch(server.url, /^https:/);
    for (let i = 0; i < 2; i++) {
      const response = await fetch(`${url}/`, { method: "POST", body: BYTES, client });
      assertEquals(await response.bytes(), BYTES);
    }
    assertEquals(await (await fetch(`${url}/v2`, { client })).text(), `${url}/v2`);
  } finally {
    await server.kill();
  }
});

Deno.test("TlsCertificate.reload() changes the certificate of new connections, and keeps running requests", async () => {
  const files = certificateFiles();
  const certificate = await TlsCertificate.open(PATHS, files);
  const sending = Promise.withResolvers<void>();
  const handler = () => {
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(BYTES);
        await sending.promise;
        controller.enqueue(BYTES);
        controller.close();
      },
    });
    return Promise.resolve(new Response(body));
  };
  const server = await serveTls(certificate, handler);
  using client = Deno.createHttpClient({ caCerts: [CA_CERT] });
  try {
    const running = await fetch(server.url.replace("127.0.0.1", "localhost"), { client });
    assertEquals(await nameAt(server), "localhost");
    write(files, CLIENT_CERT, CLIENT_KEY);
    await certificate.reload();
    assertEquals(await nameAt(server), "client");
    sending.resolve();
    assertEquals((await running.bytes()).byteLength, 2 * BYTES.byteLength);
  } finally {
    await server.kill();
  }
});

Deno.test("TlsCertificate.reload() uses the newest files when a reload is still reading", async () => {
  const files = certificateFiles();
  const slow = Promise.withResolvers<void>();
  let isSlow = false;
  const read = files.read.bind(files);
  files.read = async (path) => {
    const stream = await read(path);
    if (isSlow) await slow.promise;
    return stream;
  };
  const certificate = await TlsCertificate.open(PATHS, files);
  const server = await serveTls(certificate);
  try {
    isSlow = true;
    const first = certificate.reload();
    await settled();
    isSlow = false;
    write(files, CLIENT_CERT, CLIENT_KEY);
    const second = certificate.reload();
    await settled();
    slow.resolve();
    await Promise.all([first, second]);
    assertEquals(await nameAt(server), "client");
  } finally {
    await server.kill();
  }
});

Deno.test("TlsCertificate.reload() keeps the certificate when the new files cannot be used", async (t) => {
  const files = certificateFiles();
  const certificate = await TlsCertificate.open(PATHS, files);
  const server = await serveTls(certificate);
  const cases: readonly (readonly [
    name: string,
    certificate: string,
    key: string,
    cause: string,
  ])[] = [
    [
      "the key of another certificate",
      CLIENT_CERT,
      SERVER_KEY,
      "the key belongs to another certificate",
    ],
    ["an empty certificate", "", CLIENT_KEY, "the first file has no whole certificate"],
    [
      "half of a certificate",
      CLIENT_CERT.slice(0, 300),
      CLIENT_KEY,
      "the first file has no whole certificate",
    ],
    ["no key", CLIENT_CERT, CLIENT_CERT, "the second file has no whole key"],
    ["half of a key", CLIENT_CERT, CLIENT_KEY.slice(0, 90), "the second file has no whole key"],
  ];
  try {
    for (const [name, cert, key, cause] of cases) {
      await t.step(name, async () => {
        write(files, cert, key);
        const error = await assertRejects(() => certificate.reload());
        assertStringIncludes(
          (error as Error).message,
          `Cannot use the certificate "cert.pem" with the key "key.pem": ${cause}; `,
        );
        assert(!(error as Error).message.includes("PRIVATE"));
        assertEquals(await nameAt(server), "localhost");
      });
    }
    files.broken.set("key.pem", "ENOENT");
    const error = await assertRejects(() => certificate.reload());
    assertEquals(
      (error as Error).message,
      'Cannot read "key.pem": no such file or directory; correct the path',
    );
  } finally {
    await server.kill();
  }
});

Deno.test("TlsCertificate.open() names an encrypted key, and a file that is too large to be read whole", async (t) => {
  const keys: readonly (readonly [form: string, key: string])[] = [
    ["PKCS #8", SERVER_KEY.replaceAll("PRIVATE", "ENCRYPTED PRIVATE")],
    [
      "headers",
      "-----BEGIN EC PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-256-CBC,00\r\n",
    ],
  ];
  for (const [form, key] of keys) {
    await t.step(form, async () => {
      const files = certificateFiles();
      write(files, SERVER_CERT, key);
      const error = await assertRejects(() => TlsCertificate.open(PATHS, files));
      assertEquals(
        (error as Error).message,
        'Cannot use the key "key.pem": it is encrypted with a passphrase; write it without one: openssl pkey -in KEY -out PLAIN_KEY',
      );
    });
  }
  const files = certificateFiles();
  write(files, SERVER_CERT + "\n".repeat(1024 ** 2), SERVER_KEY);
  const error = await assertRejects(() => TlsCertificate.open(PATHS, files));
  assertEquals(
    (error as Error).message,
    'Cannot use "cert.pem": it has more than 1048576 bytes; name the right file',
  );
});

Deno.test("TlsCertificate.timeProblem() returns why clients refuse a certificate that is expired or not valid yet", async () => {
  const certificate = await TlsCertificate.open(PATHS, certificateFiles());
  const problemIn = (year: number) => certificate.timeProblem(Date.UTC(year, 0));
  assertEquals(problemIn(2027), null);
  assertMatch(
    problemIn(2200) ?? "",
    /"cert.pem": it expired at \w+ +\d+ [\d:]+ 2126 GMT; renew it/,
  );
  assertMatch(problemIn(2000) ?? "", /"cert.pem": it is not valid before .* 2026 GMT; correct the/);
});

Deno.test("listenAndServe() over TLS continues after clients that do not finish the handshake", async () => {
  const certificate = await TlsCertificate.open(PATHS, certificateFiles());
  const server = await serveTls(certificate);
  const { port } = new URL(server.url);
  try {
    for (const text of ["GET / HTTP/1.1\r\nhost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01", ""]) {
      using client = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
      await client.write(new TextEncoder().encode(text));
      await client.closeWrite();
      await new Response(client.readable).bytes().catch(() => {});
    }
    assertEquals(await nameAt(server), "localhost");
  } finally {
    await server.kill();
  }
});
