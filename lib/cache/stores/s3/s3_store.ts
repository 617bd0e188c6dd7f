/** Slots in a bucket of an S3-compatible server, which several gateways may share. */
import { concat } from "../../../concat.ts";
import { InvalidConfigurationValue, UnexpectedResponse } from "../../../errors.ts";
import { readText } from "../../../http/json.ts";
import { sleep as nativeSleep } from "../../../timer.ts";
import { sliceStream } from "../slice_stream.ts";
import type { SlotStore, StoredSlot } from "../slot_store.ts";
import { Bucket, type BucketOptions } from "./s3_client.ts";
import { type ClaimObjects, S3Claims } from "./s3_claims.ts";
import { S3Gateways } from "./s3_gateways.ts";
import { parseObjects, type S3Object } from "./s3_xml.ts";

/** Options of {@linkcode s3Store}. */
export interface S3StoreOptions extends BucketOptions {
  /**
   * Prefix of all keys, for example `edge/`. Gateways with the same prefix share their slots.
   * Default: empty.
   */
  readonly prefix?: string | undefined;
  /**
   * The name of this gateway, which must be unique.
   * Default: a random one.
   */
  readonly gateway?: string | undefined;
  /**
   * Milliseconds of a monotonic clock.
   * Default: `performance.now`.
   */
  readonly now?: (() => number) | undefined;
}

/** Maximum number of empty pages of a list in a row: some servers send a few, and a faulty one may never stop. */
const MAX_EMPTY_PAGES = 100;

/** Maximum bytes of a page; one of S3 has at most 1,000 objects. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;

/** Maximum number of objects in a list. */
const MAX_OBJECTS = 1_000_000;

/**
 * Keeps slots in a bucket: S3, R2, Ceph, MinIO, Swift's s3api. Needs the npm package `aws4fetch`. Gateways that share
 * the bucket fetch each slot once from Glance. The `size` of each limits only what it has listed, found by reads, or
 * stored, so the bucket should have a lifecycle rule that expires objects, for gateways that no longer run.
 *
 * @throws {InvalidConfigurationValue} if an option cannot be used. The methods throw `NotAuthorized` if the keys are
 * wrong, `NotFound` if the bucket does not exist, `ServerUnreachable`, `UnexpectedStatus`, and `UnexpectedResponse`.
 *
 * @example
 * ```ts
 * import { s3Store } from "@glance-edge/glance/cache";
 *
 * const store = s3Store({
 *   endpoint: "https://s3.example.org",
 *   bucket: "glance-edge",
 *   region: "us-east-1",
 *   accessKeyId: "key",
 *   secretAccessKey: "secret",
 * });
 * ```
 */
export function s3Store(options: S3StoreOptions): SlotStore {
  const { prefix = "", gateway = crypto.randomUUID(), sleep = nativeSleep } = options;
  const { now = () => performance.now() } = options;
  if (!/^[\w./-]*$/.test(prefix) || prefix.startsWith("/") || !/^[\w.-]+$/.test(gateway)) {
    throw new InvalidConfigurationValue(
      `Cannot use an S3 bucket: "prefix" or "gateway" has other characters than letters, digits, ".", "-", and "_" (in a prefix also "/", but not first); change it`,
    );
  }
  const bucket = new Bucket(options);
  const slots = `${prefix}slots/`;
  const claims = new S3Claims(claimObjects(bucket, `${prefix}claims/`), gateway, sleep);
  const gateways = new S3Gateways(claimObjects(bucket, `${prefix}gateways/`), gateway, now);
  return {
    isShared: true,
    async read(key, start, end) {
      const { response, deadline } = await bucket.send({
        method: "GET",
        key: slots + key,
        headers: { range: `bytes=${start}-${Math.max(start, end - 1)}` },
        action: "read a slot",
      });
      if (response.status === 404) return null;
      // The object ends before the range.
      if (response.status === 416) return new Blob([]).stream();
      return bodyOf(response, start, end, deadline);
    },
    write: (key, parts) => put(bucket, slots + key, concat(parts), "store a slot"),
    delete: (key) => remove(bucket, slots + key, "delete a slot"),
    async *list(): AsyncGenerator<StoredSlot> {
      for await (const { objects } of pages(bucket, slots, "list the slots")) {
        for (const { key, size, modifiedAt } of objects) {
          yield { key: key.slice(slots.length), size, usedAt: modifiedAt };
        }
      }
    },
    isAlone: () => gateways.isAlone(),
    claim: (key) => claims.claim(key),
    release: (key) => claims.release(key),
  };
}

async function put(bucket: Bucket, key: string, body: Uint8Array<ArrayBuffer>, action: string) {
  const headers = {
    "content-length": String(body.byteLength),
    "content-type": "application/octet-stream",
  };
  const { response } = await bucket.send({ method: "PUT", key, headers, body, action });
  await response.body?.cancel();
}

async function remove(bucket: Bucket, key: string, action: string): Promise<void> {
  const { response } = await bucket.send({ method: "DELETE", key, action });
  await response.body?.cancel();
}

/** The pages of a list, with the server's time. */
async function* pages(bucket: Bucket, prefix: string, action: string) {
  let token: string | null = null;
  let [empty, count] = [0, 0];
  do {
    const { response, deadline } = await bucket.send({
      method: "GET",
      query: {
        "list-type": "2",
        prefix,
        ...token === null ? {} : { "continuation-token": token },
      },
      action,
    });
    const { objects, next }: { objects: readonly S3Object[]; next: string | null } = parseObjects(
      await deadline(readText(response, { limit: MAX_PAGE_BYTES })),
    );
    const date = response.headers.get("date");
    yield { objects, now: date === null ? null : Date.parse(date) };
    empty = objects.length === 0 ? empty + 1 : 0;
    count += objects.length;
    if (empty > MAX_EMPTY_PAGES || count > MAX_OBJECTS) {
      const excess = empty > 0
        ? `${MAX_EMPTY_PAGES} empty pages in a row`
        : `${MAX_OBJECTS} objects`;
      throw new UnexpectedResponse(
        `Cannot ${action}: the list of the S3 bucket has more than ${excess}; check "endpoint"`,
      );
    }
    token = next === token ? null : next;
  } while (token !== null);
}

function claimObjects(bucket: Bucket, prefix: string): ClaimObjects {
  return {
    async list(key) {
      const objects: S3Object[] = [];
      let now: number | null = null;
      for await (const page of pages(bucket, prefix + key, "claim a slot")) {
        objects.push(
          ...page.objects.map((each) => ({ ...each, key: each.key.slice(prefix.length) })),
        );
        now = page.now;
      }
      return { objects, now };
    },
    write: (key) => put(bucket, prefix + key, new Uint8Array(), "claim a slot"),
    delete: (key) => remove(bucket, prefix + key, "release a claim"),
  };
}

/** The body of a response to a range. A server that ignores the range has sent the whole object. */
function bodyOf(
  response: Response,
  start: number,
  end: number,
  deadline: <Result>(work: Promise<Result>) => Promise<Result>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const body = response.body ?? new Blob([]).stream();
  const offset = response.status === 206 ? start : 0;
  return sliceStream(body, start - offset, end - offset, deadline);
}
