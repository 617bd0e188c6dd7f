/**
 * A Glance of the smallest kind behind an injected fetch: images in memory, ids "1", "2", …, every date
 * 2010-10-11T10:30:22Z. It records requests, and gives scripted responses first.
 */
import {
  getDefaultImageService,
  type GlanceImageService,
  type GlanceOptions,
  type RequestContext,
} from "../../mod.ts";

/** A request as it arrived. */
export interface Call {
  readonly verb: string;
  /** `host[:port]`. */
  readonly host: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** An answer that was told: a status, a whole response, or an error of the connection. */
export type Answer = number | Error | (() => Response);

/** An image as the stub keeps it. */
export type StubImage = Record<string, unknown>;

const STAMP = "2010-10-11T10:30:22Z";
export const STAMP_DATE = new Date(STAMP);

/** The catalog of every test that does not say otherwise. */
export const CATALOG = [{
  type: "image",
  name: "glance",
  endpoints: [{ publicURL: "http://example.com:9292" }],
}];

/** Who asks, in every test that does not say otherwise. */
export const CONTEXT: RequestContext = {
  userId: "fake",
  projectId: "fake",
  authToken: "token-of-fake",
  serviceCatalog: CATALOG,
};

/** The same without a token. */
export const NO_TOKEN: RequestContext = {
  userId: "fake",
  projectId: "fake",
  serviceCatalog: CATALOG,
};

export class StubGlance {
  readonly calls: Call[] = [];
  /** Milliseconds of every wait between two requests. */
  readonly sleeps: number[] = [];
  readonly images: StubImage[] = [];
  readonly members = new Map<string, StubImage[]>();
  readonly locations = new Map<string, StubImage[]>();
  readonly #data = new Map<string, string>();
  readonly #told = new Map<string, Answer[]>();
  #now = 0;

  /** Options by which everything reaches this Glance, nothing waits, and nothing is left to chance. */
  readonly options: GlanceOptions = {
    fetch: (input, init) => this.#fetch(input, init),
    sleep: (ms) => {
      this.sleeps.push(ms);
      this.#now += ms;
      return Promise.resolve();
    },
    now: () => this.#now,
    random: () => 0.5,
    requestTimeout: Infinity,
    stallTimeout: Infinity,
  };

  service(options: GlanceOptions = {}): GlanceImageService {
    return getDefaultImageService({ ...this.options, ...options });
  }

  /** Adds an image; its id is its position unless it is given. */
  add(image: StubImage = {}): string {
    const id = typeof image["id"] === "string" ? image["id"] : String(this.images.length + 1);
    this.images.push({ status: "queued", created_at: STAMP, updated_at: STAMP, ...image, id });
    return id;
  }

  /** Adds an image with data: as many stars as its size. */
  addWithData(size: number, image: StubImage = {}): string {
    const id = this.add({ status: "active", size, ...image });
    this.#data.set(id, "*".repeat(size));
    return id;
  }

  /** Answers the next requests for `"VERB /path"` as told, one answer each; then as usual again. */
  tell(request: string, ...answers: Answer[]): void {
    this.#told.set(request, [...this.#told.get(request) ?? [], ...answers]);
  }

  /** Requests as `"VERB /path"`, in their order. */
  get asked(): string[] {
    return this.calls.map(({ verb, path }) => `${verb} ${path}`);
  }

  /** The bodies of the requests for `"VERB /path"`, as JSON. */
  sentTo(request: string): unknown[] {
    return this.calls
      .filter(({ verb, path }) => `${verb} ${path}` === request)
      .map(({ body }) => JSON.parse(body));
  }

  async #fetch(input: string, init: RequestInit): Promise<Response> {
    const url = new URL(input);
    const call: Call = {
      verb: init.method ?? "GET",
      host: url.host,
      path: url.pathname,
      query: url.searchParams,
      url: input,
      headers: new Headers(init.headers),
      body: await new Response(init.body ?? null).text(),
    };
    this.calls.push(call);
    const told = this.#told.get(`${call.verb} ${call.path}`)?.shift();
    if (told instanceof Error) throw told;
    if (typeof told === "number") return failure(told, "as told");
    return told?.() ?? this.#answer(call);
  }

  #answer(call: Call): Response {
    const { verb, path } = call;
    const [, id, part] = /^.*\/v2\/images(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(path) ?? [];
    if (id === undefined) return verb === "POST" ? this.#create(call) : this.#list(call);
    const image = this.images.find((image) => image["id"] === decodeURIComponent(id));
    if (image === undefined) return failure(404, `No image found with ID ${id}`);
    if (part === "file") return verb === "PUT" ? this.#upload(call, image) : this.#file(image);
    if (part === "members") return Response.json({ members: this.members.get(id) ?? [] });
    if (part === "locations" && verb === "GET") return Response.json(this.locations.get(id) ?? []);
    if (part === "locations") return new Response(null, { status: 202 });
    if (verb === "GET") return Response.json(image);
    if (verb === "PATCH") return this.#patch(call, image);
    this.images.splice(this.images.indexOf(image), 1);
    return new Response(null, { status: 204 });
  }

  #list({ query }: Call): Response {
    const [marker, limit] = [query.get("marker"), Number(query.get("limit") ?? 30)];
    const found = this.images.findIndex((image) => image["id"] === marker);
    if (marker !== null && found < 0) return failure(400, "Marker not found");
    const images = this.images.slice(found + 1, found + 1 + limit);
    const last = images.at(-1)?.["id"];
    const isMore = found + 1 + limit < this.images.length;
    return Response.json({ images, ...isMore && { next: `/v2/images?marker=${last}` } });
  }

  #create({ body }: Call): Response {
    const image: StubImage = JSON.parse(body);
    if (this.images.some(({ id }) => id === image["id"])) return failure(409, "It exists");
    this.add(image);
    return Response.json(this.images.at(-1), { status: 201 });
  }

  #patch({ body }: Call, image: StubImage): Response {
    for (const { op, path, value } of JSON.parse(body)) {
      if (op === "remove") delete image[path.slice(1)];
      else image[path.slice(1)] = value;
    }
    return Response.json(image);
  }

  #upload({ body }: Call, image: StubImage): Response {
    this.#data.set(String(image["id"]), body);
    Object.assign(image, { size: body.length, status: "active" });
    return new Response(null, { status: 204 });
  }

  #file({ id }: StubImage): Response {
    const data = this.#data.get(String(id)) ?? "";
    if (data === "") return new Response(null, { status: 204 });
    return new Response(data, { headers: { "content-length": String(data.length) } });
  }
}

/** An error as Glance words it. */
export function failure(status: number, message: string): Response {
  return Response.json({ message: `${message}.<br /><br />\n\n\n`, code: status }, { status });
}

/** An image with every base attribute, unset ones null, as the service gives it. */
export function fullRecord(given: Record<string, unknown>): Record<string, unknown> {
  return {
    name: null,
    status: "queued",
    visibility: null,
    diskFormat: null,
    containerFormat: null,
    size: null,
    virtualSize: null,
    minDisk: null,
    minRam: null,
    checksum: null,
    osHashAlgo: null,
    osHashValue: null,
    owner: null,
    protected: null,
    osHidden: null,
    tags: [],
    stores: [],
    locations: null,
    directUrl: null,
    createdAt: STAMP_DATE,
    updatedAt: STAMP_DATE,
    deletedAt: null,
    properties: {},
    ...given,
  };
}
