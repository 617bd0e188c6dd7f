/** The certificate of a server: PEM files that can be read again while it runs. */
import type { X509Certificate } from "node:crypto";
import type { Socket as NodeSocket } from "node:net";
import type { SecureContext } from "node:tls";
import { builtinModule } from "../../node_builtin.ts";
import { messageOf } from "../../validate.ts";
import { readSettingText } from "../files/setting_text.ts";
import { CommandFailed } from "../system/errors.ts";
import type { SystemFiles } from "../system/system.ts";

/** The PEM files. */
export interface CertificateFiles {
  /** The certificate, followed by those of the authorities between it and the root. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** Maximum size of a file in bytes. */
const MAX_SIZE = 1024 ** 2;

/** A key that needs a passphrase: PKCS #8, or the older form with headers. */
const ENCRYPTED = /^(-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED)/m;

/** A certificate with its key, for new connections. */
export class TlsCertificate {
  readonly #files: CertificateFiles;
  readonly #system: SystemFiles;
  #pair: CheckedPair;
  /** The last reload. The next one begins when it has ended, so that the newest files win. */
  #reloading: Promise<void> = Promise.resolve();

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
    const reload = async () => {
      this.#pair = await readPair(this.#files, this.#system);
    };
    this.#reloading = this.#reloading.then(reload, reload);
    await this.#reloading;
  }

  /** End of the validity of the certificate, in OpenSSL's format. */
  get validTo(): string {
    return this.#pair.validTo;
  }

  /** The reason why clients refuse the certificate at `now` (milliseconds since 1970); null if it is valid then. */
  timeProblem(now: number): string | null {
    const { validFrom, validTo } = this.#pair;
    const { certFile } = this.#files;
    if (now > Date.parse(validTo)) {
      return `Clients refuse the certificate "${certFile}": it expired at ${validTo}; renew it, and send SIGHUP`;
    }
    return now < Date.parse(validFrom)
      ? `Clients refuse the certificate "${certFile}": it is not valid before ${validFrom}; correct the clock`
      : null;
  }

  /** Starts the server side of TLS on a connection. */
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
  readonly validFrom: string;
  readonly validTo: string;
}

async function readPair(files: CertificateFiles, system: SystemFiles): Promise<CheckedPair> {
  const { certFile, keyFile } = files;
  const read = (path: string) => readSettingText(path, MAX_SIZE, system);
  const [cert, key] = await Promise.all([read(certFile), read(keyFile)]);
  if (ENCRYPTED.test(key)) {
    throw new CommandFailed(
      `Cannot use the key "${keyFile}": it is encrypted with a passphrase; write it without one: openssl pkey -in KEY -out PLAIN_KEY`,
    );
  }
  try {
    const { validFrom, validTo } = checkedCertificate(cert, key);
    const context = tls().createSecureContext({ cert, key, minVersion: "TLSv1.2" });
    return { context, validFrom, validTo };
  } catch (error) {
    throw new CommandFailed(
      `Cannot use the certificate "${certFile}" with the key "${keyFile}": ${
        messageOf(error)
      }; both must be PEM files, and the key must be that of the first certificate`,
      error,
    );
  }
}

/** A whole block of PEM. A file that is being written may end before. */
const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END /;
const KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END /;

/** Checks the pair: some runtimes detect only at the first connection that a key belongs to another certificate. */
function checkedCertificate(cert: string, key: string): X509Certificate {
  if (!CERTIFICATE.test(cert)) throw new Error("the first file has no whole certificate");
  if (!KEY.test(key)) throw new Error("the second file has no whole key");
  const crypto = builtin<typeof import("node:crypto")>("node:crypto");
  const certificate = new crypto.X509Certificate(cert);
  if (!certificate.checkPrivateKey(crypto.createPrivateKey(key))) {
    throw new Error("the key belongs to another certificate");
  }
  return certificate;
}

function tls(): typeof import("node:tls") {
  return builtin<typeof import("node:tls")>("node:tls");
}

function builtin<Module extends object>(name: `node:${string}`): Module {
  const found = builtinModule<Module>(name);
  if (found === null) throw new Error(`this runtime has no ${name}`);
  return found;
}
