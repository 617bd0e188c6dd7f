/** Signed requests to one bucket of an S3-compatible server. */
import {
  InvalidConfigurationValue,
  NotAuthorized,
  NotFound,
  ServerUnreachable,
  UnexpectedStatus,
} from "../../../errors.ts";
import { readStart } from "../../../http/json.ts";
import { missingPackage } from "../../../platform.ts";
import { nativeTimer, sleep as nativeSleep } from "../../../timer.ts";
import { valueOf } from "./s3_xml.ts";

/** A bucket, and the credentials to access it. */
export interface BucketOptions {
  /** URL of the server, for example `https://s3.example.org`. The bucket is the first part of the path. */
  readonly endpoint: string;
  /** Name of the bucket, which must exist. */
  readonly bucket: string;
  /** Region of the bucket, for example `us-east-1`, or `auto` for R2. */
  readonly region: string;
  /** Access key. */
  readonly accessKeyId: string;
  /** Secret of the access key. It never appears in a message. */
  readonly secretAccessKey: string;
  /**
   * Sends requests.
   * Default: `fetch` of the runtime.
   */
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined;
  /**
   * Timeout in milliseconds of a response, and of each read of its body.
   * Default: `30_000`.
   */
  readonly timeout?: number | undefined;
  /**
   * Calls `callback` after `ms` milliseconds; the returned function cancels it.
   * Default: a timer of the runtime.
   */
  readonly timer?: ((ms: number, callback: () => void) => () => void) | undefined;
  /**
   * Resolves after `ms` milliseconds. Used between attempts.
   * Default: a timer of the runtime.
   */
  readonly sleep?: ((ms: number) => Promise<void>) | undefined;
}

/** A request. */
export interface BucketRequest {
  readonly method: "GET" | "PUT" | "DELETE";
  /** Key of an object; empty for the bucket. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** What the request does, for error messages. */
  readonly action: string;
}

/** A response, and a timeout for each read of its body. */
export interface BucketResponse {
  readonly response: Response;
  readonly deadline: <Result>(work: Promise<Result>) => Promise<Result>;
}

/** The signer of the package `aws4fetch`. */
interface Signer {
  sign(url: string, init: RequestInit): Promise<Request>;
}

const HINTS: Readonly<Record<string, string>> = {
  AccessDenied: "allow the access key to read, write, delete, and list the bucket",
  AuthorizationHeaderMalformed: 'check "region"',
  InvalidAccessKeyId: 'check "accessKeyId"',
  NoSuchBucket: 'create the bucket, or check "bucket" and "endpoint"',
  PermanentRedirect: 'check "endpoint" and "region"',
  RequestTimeTooSkewed: "set the clock of this machine",
  SignatureDoesNotMatch: 'check "accessKeyId", "secretAccessKey", and "region"',
};

/** Milliseconds before the second and the third attempt of a request. */
const RETRY_DELAYS = [100, 400];

/** Statuses of an overloaded or failed server. */
const RETRYABLE: readonly unknown[] = [429, 500, 502, 503, 504];

/** Sends requests to a bucket. */
export class Bucket {
  readonly #options: BucketOptions;
  readonly #address: URL;
  #signer: Promise<Signer> | null = null;

  /** @throws {InvalidConfigurationValue} if an option cannot be used. */
  constructor(options: BucketOptions) {
    this.#options = options;
    this.#address = addressOf(options);
  }

  /**
   * Sends a request. The response is successful, or a 404 for an object or a 416 for a range that does not exist; the
   * body of a successful one must be read or canceled. After a failed connection, a 429, or a 5xx that may be
   * temporary, up to two retries follow, since all requests are idempotent; none after a timeout, which has used up the
   * time of the caller.
   *
   * @throws {GlanceError} otherwise.
   */
  async send(request: BucketRequest): Promise<BucketResponse> {
    const { sleep = nativeSleep } = this.#options;
    for (const delay of RETRY_DELAYS) {
      try {
        return await this.#attempt(request);
      } catch (error) {
        if (!isTransient(error)) throw error;
        await sleep(delay);
      }
    }
    return await this.#attempt(request);
  }

  async #attempt(
    { method, key = "", query = {}, headers = {}, body, action }: BucketRequest,
  ): Promise<BucketResponse> {
    const url = new URL(this.#address);
    if (key !== "") url.pathname += `/${key}`;
    url.search = String(new URLSearchParams(query));
    const { fetch: send = fetch, timeout = 30_000, timer = nativeTimer } = this.#options;
    const stop = new AbortController();
    const deadline = <Result>(work: Promise<Result>) => {
      const expired = `no response for ${timeout / 1000} s`;
      const cancel = timer(timeout, () => stop.abort(new DOMException(expired, "TimeoutError")));
      return work.finally(cancel);
    };
    try {
      const request = await (await this.#sign())(url.href, {
        method,
        headers,
        ...body === undefined ? {} : { body },
        redirect: "manual",
        signal: stop.signal,
      });
      const response = await deadline(send(request));
      if (response.ok) return { response, deadline };
      const mayBeMissing = key !== "" && method !== "PUT";
      this.#check(response, action, await deadline(readStart(response)), mayBeMissing);
      // Its body has been read.
      return { response: new Response(null, response), deadline };
    } catch (cause) {
      throw this.#unreachable(action, cause);
    }
  }

  /** Throws the error of a response, unless an object (404) or the range (416) does not exist and may be missing. */
  #check(response: Response, action: string, text: string, mayBeMissing: boolean): void {
    const { status } = response;
    const code = valueOf(text, "Code") ?? "";
    const isMissing = status === 416 || status === 404 && code !== "NoSuchBucket";
    if (isMissing && mayBeMissing) return;
    const { bucket } = this.#options;
    const server = this.#address.origin;
    const hint = HINTS[code] ?? 'check "endpoint" and "bucket"';
    const result = [status, code].filter(Boolean).join(" ");
    const message =
      `Cannot ${action} in bucket "${bucket}": ${server} responded with ${result}; ${hint}`;
    const isDenied = status === 401 || status === 403 || code === "AuthorizationHeaderMalformed";
    const Kind = isDenied ? NotAuthorized : status === 404 ? NotFound : UnexpectedStatus;
    throw new Kind(message, { server, status });
  }

  #unreachable(action: string, cause: unknown): unknown {
    if (cause instanceof Error && "server" in cause || cause instanceof InvalidConfigurationValue) {
      return cause;
    }
    const server = this.#address.origin;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new ServerUnreachable(
      `Cannot ${action} in bucket "${this.#options.bucket}": ${server} cannot be reached: ${reason}; check "endpoint", and whether the server runs`,
      { server, cause },
    );
  }

  async #sign() {
    const signer = await (this.#signer ??= this.#loadSigner());
    return (url: string, init: RequestInit) => signer.sign(url, init);
  }

  /** Loads the package, which only this store needs. */
  async #loadSigner(): Promise<Signer> {
    const { accessKeyId, secretAccessKey, region } = this.#options;
    const { AwsClient } = await import("aws4fetch")
      .catch(missingPackage("aws4fetch", "sign requests to an S3 bucket"));
    return new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3" });
  }
}

/** Whether a retry may succeed. */
function isTransient(error: unknown): boolean {
  if (error instanceof UnexpectedStatus) return RETRYABLE.includes(error.status);
  if (!(error instanceof ServerUnreachable)) return false;
  return !(error.cause instanceof Error && error.cause.name === "TimeoutError");
}

function addressOf({ endpoint, bucket, region, accessKeyId, secretAccessKey }: BucketOptions): URL {
  const values = { endpoint, bucket, region, accessKeyId, secretAccessKey };
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "string" && value !== "") continue;
    throw new InvalidConfigurationValue(`Cannot use an S3 bucket: "${name}" is missing; set it`);
  }
  const address = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (address === null || !/^https?:$/.test(address.protocol) || address.username !== "") {
    throw new InvalidConfigurationValue(
      'Cannot use an S3 bucket: "endpoint" is not an http or https URL without credentials; use one such as "https://s3.example.org"',
    );
  }
  if (!/^[\w][\w.-]*$/.test(bucket)) {
    throw new InvalidConfigurationValue(
      `Cannot use the S3 bucket "${bucket}": a bucket has letters, digits, ".", "-", and "_"; check "bucket"`,
    );
  }
  address.pathname = `${address.pathname.replace(/\/+$/, "")}/${bucket}`;
  address.search = address.hash = "";
  return address;
}
