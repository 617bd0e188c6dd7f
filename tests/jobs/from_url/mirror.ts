/** A web server with files, which can break, and a cloud next to it. */
import { nativeTimer } from "../../../lib/timer.ts";
import { Cloud } from "../embedded.ts";

/** The response of the mirror to the n-th request for a file, instead of the correct one. */
export type Answer = (file: MirrorFile, request: Request) => Response;

/** A file of the mirror. */
export interface MirrorFile {
  readonly bytes: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A cloud whose fetch also reaches `http://mirror`. */
export class MirrorCloud extends Cloud {
  readonly files = new Map<string, MirrorFile>();
  /** Ranges requested, null for whole files. */
  readonly ranges: (string | null)[] = [];
  readonly headers: Headers[] = [];
  /** Answers for the next requests, in order. */
  readonly answers: (Answer | null)[] = [];

  /** Decoders take real time, so only waits between attempts are simulated. */
  constructor() {
    let time = 0;
    const sleep = (ms: number) => Promise.resolve(void (time += ms));
    super({}, { sleep, now: () => time, timer: nativeTimer });
    this.intercept = ({ url, request }) => {
      if (url.host !== "mirror") return null;
      const file = this.files.get(url.pathname);
      this.ranges.push(request.headers.get("range"));
      this.headers.push(request.headers);
      if (file === undefined) return new Response("no such file", { status: 404 });
      return this.#counted((this.answers.shift() ?? whole)(file, request));
    };
  }

  /** Bodies of the mirror that are neither read to their end nor canceled. */
  openBodies = 0;

  #counted({ body, status, headers }: Response): Response {
    const reader = body!.getReader();
    this.openBodies++;
    const counted = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const { value } = await reader.read();
          if (value !== undefined) return controller.enqueue(value);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        this.openBodies--;
      },
      cancel: (reason) => {
        this.openBodies--;
        return reader.cancel(reason);
      },
    }, { highWaterMark: 0 });
    return new Response(counted, { status, headers });
  }

  /** Adds a file and returns its URL. */
  add(name: string, content: Uint8Array | string, headers?: MirrorFile["headers"]): string {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    this.files.set(`/${name}`, { bytes, headers: headers ?? { etag: '"1"' } });
    return `http://mirror/${name}`;
  }

  /** The names and statuses of all images. */
  async images(): Promise<string[]> {
    const images = await this.service.detail(this.context, {});
    return images.map(({ name, status }) => `${name} ${status}`);
  }
}

/** The response of a server with ranges. */
export const whole: Answer = ({ bytes, headers = {} }, request) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
  const condition = request.headers.get("if-range");
  const isSame = condition === null || condition === headers["etag"] ||
    condition === headers["last-modified"];
  if (start === 0 || !isSame) return response(bytes, 200, headers);
  const range = `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}`;
  return response(bytes.subarray(start), 206, { ...headers, "content-range": range });
};

/** A server without ranges. */
export const withoutRanges: Answer = ({ bytes, headers = {} }) => response(bytes, 200, headers);

/** Breaks the connection after a number of bytes of the body. */
export function cutAfter(count: number, answer: Answer = whole): Answer {
  return (file, request) => {
    const { status, headers, body } = answer(file, request);
    const reader = body!.getReader();
    let left = count;
    const cut = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (left === 0) {
          await reader.cancel();
          return controller.error(new TypeError("connection reset"));
        }
        const { value } = await reader.read();
        if (value === undefined) return controller.close();
        controller.enqueue(value.subarray(0, left));
        left -= Math.min(left, value.byteLength);
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 });
    return new Response(cut, { status, headers });
  };
}

/** Answers with a status. */
export function failing(status: number): Answer {
  return () => new Response("an error", { status });
}

function response(bytes: Uint8Array, status: number, headers: HeadersInit): Response {
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.byteLength) return controller.close();
      controller.enqueue(bytes.slice(at, at += 10_000));
    },
  }, { highWaterMark: 0 });
  const all = new Headers(headers);
  all.set("content-length", `${bytes.byteLength}`);
  return new Response(body, { status, headers: all });
}
