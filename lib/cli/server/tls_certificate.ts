/** The certificate of a server: PEM files that can be read again while it runs. */
import type { X509Certificate } from "node:crypto";
import type { Socket as NodeSocket } from "node:net";
import type { SecureContext } from "node:tls";
import { builtinModule } from "../../node_builtin.ts";
import { messageOf } from "../../validate.ts";
import { readBytes } from "../files/read_bytes.ts";
import { CommandFailed } from "../system/errors.ts";
import { attempt } from "../system/fs_errors.ts";
import type { SystemFiles } from "../system/system.ts";

/** The PEM files. */
export interface CertificateFiles {
  /** The certificate, followed by those of the authorities between it and the root. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** Maximum size of a file in bytes. */
const MAX_SIZE = 1024 ** 2;

/** A certificate with its key, for new connections. */
export class TlsCertificate {
  readonly #files: CertificateFiles;
  readonly #system: SystemFiles;
  #pair: CheckedPair;

  private constructor(files: CertificateFiles, system: SystemFiles, pair: CheckedPair) {
    this.#files = files;
    this.#system = system;
    this.#pair = pair;
  }

  /**
   * Reads a certificate and its key.
   *
   * @throws {CommandFailed} if they cannot be used.
   */
  static async open(files: CertificateFiles, system: SystemFiles): Promise<TlsCertificate> {
    return new TlsCertificate(files, system, await readPair(files, system));
  }

  /**
   * Reads the files again. Running connections keep the certificate that they have; if the new one cannot be used, so
   * do new connections.
   *
   * @throws {CommandFailed} if the files cannot be used.
   */
  async reload(): Promise<void> {
    this.#pair = await readPair(this.#files, this.#system);
  }

  /** Until when the certificate is valid, as OpenSSL writes it. */
  get validTo(): string {
    return this.#pair.validTo;
  }

  /** Makes the server's side of TLS over a connection. */
  secure(socket: NodeSocket): NodeSocket {
    const secured = new (tls().TLSSocket)(socket, {
      isServer: true,
      secureContext: this.#pair.context,
      ALPNProtocols: ["http/1.1"],
    });
    // Not all runtimes close the connection after a failed handshake.
    secured.once("close", () => socket.destroy());
    return secured;
  }
}

interface CheckedPair {
  readonly context: SecureContext;
  readonly validTo: string;
}

async function readPair(files: CertificateFiles, system: SystemFiles): Promise<CheckedPair> {
  const { certFile, keyFile } = files;
  const [cert, key] = await Promise.all([readText(certFile, system), readText(keyFile, system)]);
  try {
    const { validTo } = checkedCertificate(cert, key);
    return { context: tls().createSecureContext({ cert, key, minVersion: "TLSv1.2" }), validTo };
  } catch (error) {
    throw new CommandFailed(
      `Cannot use the certificate "${certFile}" with the key "${keyFile}": ${
        messageOf(error)
      }; both must be PEM files, and the key must be that of the certificate`,
      error,
    );
  }
}

/** Not all runtimes notice before the first connection that a key belongs to another certificate. */
function checkedCertificate(cert: string, key: string): X509Certificate {
  const crypto = builtin<typeof import("node:crypto")>("node:crypto");
  const certificate = new crypto.X509Certificate(cert);
  if (!certificate.checkPrivateKey(crypto.createPrivateKey(key))) {
    throw new Error("the key belongs to another certificate");
  }
  return certificate;
}

async function readText(path: string, system: SystemFiles): Promise<string> {
  const bytes = await attempt(
    "read",
    path,
    async () => await readBytes(await system.read(path), MAX_SIZE),
  );
  return new TextDecoder().decode(bytes);
}

function tls(): typeof import("node:tls") {
  return builtin<typeof import("node:tls")>("node:tls");
}

function builtin<Module extends object>(name: `node:${string}`): Module {
  const found = builtinModule<Module>(name);
  if (found === null) throw new Error(`this runtime has no ${name}`);
  return found;
}
