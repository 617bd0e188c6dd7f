/** An S3 server in memory: what the store uses, as the API reference describes it. */
import type { S3StoreOptions } from "../../../lib/cache/mod.ts";

interface FakeObject {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly modifiedAt: number;
}

export class FakeS3 {
  /** Objects by key, without the bucket. */
  readonly objects = new Map<string, FakeObject>();
  readonly requests: Request[] = [];
  /** Milliseconds for which the store has waited. */
  readonly waits: number[] = [];
  /** Objects on one page of a list. */
  pageSize = 2;
  now = Date.parse("2026-01-02T03:04:05Z");
  /** Answers instead of the server, or throws. */
  intercept: (request: Request) => Response | Promise<Response> | null = () => null;

  options(changes: Partial<S3StoreOptions> = {}): S3StoreOptions {
    return {
      endpoint: "https://s3.test",
      bucket: "cache",
      region: "us-east-1",
      accessKeyId: "key",
      secretAccessKey: "secret",
      fetch: (request) => this.fetch(request),
      sleep: (ms) => {
        this.waits.push(ms);
        return Promise.resolve();
      },
      ...changes,
    };
  }

  async fetch(request: Request): Promise<Response> {
    this.requests.push(request);
    const intercepted = await this.intercept(request);
    if (intercepted !== null) return intercepted;
    const { pathname, searchParams } = new URL(request.url);
    const [, bucket, ...rest] = pathname.split("/");
    if (bucket !== "cache") return refusal(404, "NoSuchBucket");
    if (!request.headers.get("authorization")?.includes("Credential=key/")) {
      return refusal(403, "InvalidAccessKeyId");
    }
    const key = rest.join("/");
    if (key === "") return this.#list(searchParams);
    if (request.method === "PUT") {
      const body = new Uint8Array(await request.arrayBuffer());
      this.objects.set(key, { body, modifiedAt: this.now });
      return new Response(null);
    }
    if (request.method === "DELETE") {
      this.objects.delete(key);
      return new Response(null, { status: 204 });
    }
    const object = this.objects.get(key);
    return object === undefined ? refusal(404, "NoSuchKey") : range(object.body, request);
  }

  #list(query: URLSearchParams): Response {
    const prefix = query.get("prefix") ?? "";
    const after = query.get("continuation-token") ?? "";
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > after)
      .sort();
    const page = keys.slice(0, this.pageSize);
    const next = keys.length > page.length ? page.at(-1) : undefined;
    const contents = page.map((key) => {
      const { body, modifiedAt } = this.objects.get(key)!;
      const date = new Date(modifiedAt).toISOString();
      return `<Contents><Key>${key}</Key><LastModified>${date}</LastModified><Size>${body.byteLength}</Size></Contents>`;
    });
    const token = next === undefined
      ? ""
      : `<NextContinuationToken>${next}</NextContinuationToken>`;
    return new Response(`<ListBucketResult>${contents.join("")}${token}</ListBucketResult>`, {
      headers: { date: new Date(this.now).toUTCString() },
    });
  }
}

/** An error of S3. */
export function refusal(status: number, code: string): Response {
  return new Response(`<?xml version="1.0"?>\n<Error><Code>${code}</Code></Error>`, { status });
}

function range(body: Uint8Array<ArrayBuffer>, { headers }: Request): Response {
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "") ?? [];
  if (Number(start) >= body.byteLength) return refusal(416, "InvalidRange");
  return new Response(body.slice(Number(start), Number(end) + 1), { status: 206 });
}
