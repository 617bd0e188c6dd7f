/**
 * The Glance of Cinder's scenarios: a fake with images in any state, at a fixed time, and a client that does
 * not wait.
 */
import {
  getDefaultImageService,
  type GlanceImageService,
  type GlanceOptions,
  type RequestContext,
} from "../../mod.ts";
import {
  createEmbeddedGlance,
  type EmbeddedGlanceOptions,
  memoryStorage,
} from "../../lib/embedded/mod.ts";
import type { ImageRow, LocationRow, MemberRow } from "../../lib/embedded/storage/image_records.ts";
import type { ImageStorage } from "../../lib/embedded/storage/storage.ts";
import { FakeGlance } from "../support/fake_glance.ts";

/** A scripted response: a status, a response, or an error of the connection. */
export type ScriptedResponse = number | Error | (() => Response);

/** An image that is added; other fields are defaults, unknown ones custom properties. */
export interface GivenImage {
  readonly id?: string;
  readonly locations?: readonly Pick<LocationRow, "url" | "metadata">[];
  readonly members?: readonly Pick<MemberRow, "member_id" | "status">[];
  readonly [field: string]: unknown;
}

const STAMP = "2010-10-11T10:30:22Z";
export const STAMP_DATE = new Date(STAMP);

/** The catalog of every test that does not set another one. */
export const CATALOG = [{
  type: "image",
  name: "glance",
  endpoints: [{ publicURL: "http://example.com:9292" }],
}];

/** The caller of every test that does not set another one. */
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

/** The formats that an image must have before an upload. */
export const FORMATS = { disk_format: "raw", container_format: "bare" };

/** Every request is from an administrator without a project, at a fixed time. */
const ANONYMOUS_ADMIN: EmbeddedGlanceOptions = {
  now: () => STAMP_DATE.getTime(),
  identify: () => ({ projectId: null, userId: null, roles: ["admin"] }),
};

/** The stored form of a new image without an owner. */
const EMPTY = await newImage();

async function newImage(): Promise<Omit<ImageRow, "id">> {
  const storage = memoryStorage();
  const glance = createEmbeddedGlance({ ...ANONYMOUS_ADMIN, storage });
  await glance.fetch(new Request("http://glance/v2/images", { method: "POST", body: "{}" }));
  const [row] = (storage as ImageStorage).images.rows();
  if (row === undefined) throw new Error("The image was not created");
  const { id: _, ...rest } = row;
  return rest;
}

export class ScenarioGlance extends FakeGlance {
  /** Milliseconds of every wait between two requests. */
  readonly sleeps: number[] = [];
  readonly #storage: ImageStorage;
  readonly #responses = new Map<string, ScriptedResponse[]>();
  #data = Promise.resolve();
  #now = 0;

  constructor(options: EmbeddedGlanceOptions = {}) {
    const storage = memoryStorage();
    super(
      { ...ANONYMOUS_ADMIN, storage, ...options },
      ({ method, url }) => this.#scripted(`${method} ${url.pathname}`),
    );
    // `EmbeddedStorage` hides the rows.
    this.#storage = storage as ImageStorage;
  }

  /** Options of a client that reaches only this Glance, does not wait, and is not random. */
  get options(): GlanceOptions & { readonly fetch: FakeGlance["fetch"] } {
    return {
      fetch: this.fetch,
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
  }

  service(options: GlanceOptions = {}): GlanceImageService {
    return getDefaultImageService({ ...this.options, ...options });
  }

  /** Adds an image. The ids are in the order in which Glance lists images of the same time. */
  add({ id = this.#nextId(), locations = [], members = [], ...given }: GivenImage = {}): string {
    const fields = Object.groupBy(
      Object.entries(given),
      ([name]) => name in EMPTY ? "own" : "more",
    );
    const times = { created_at: STAMP, updated_at: STAMP };
    const row = {
      ...EMPTY,
      ...Object.fromEntries(fields.own ?? []),
      id,
      properties: Object.fromEntries(fields.more ?? []),
      locations: locations.map((location) => ({ key: null, ...location })),
      members: members.map((member) => ({ ...times, ...member })),
    };
    // The test passes fields of the right types.
    this.#storage.images.load({ rows: [row as ImageRow], deletedIds: [] });
    return id;
  }

  /** Adds an image with data: as many stars as its size. */
  addWithData(size: number, { locations = [], ...image }: GivenImage = {}): string {
    const id = this.#nextId();
    const [{ url, metadata } = { url: `memory:///${id}`, metadata: {} }] = locations;
    const location: LocationRow = { url, metadata, key: `local/${id}` };
    this.#data = this.#data.then(() => this.#write(`local/${id}`, "*".repeat(size)));
    return this.add({ id, status: "active", size, locations: [location], ...image });
  }

  /** Answers the next requests for `"METHOD /path"`, one response each, instead of Glance. */
  respondTo(request: string, ...responses: ScriptedResponse[]): void {
    this.#responses.set(request, [...this.#responses.get(request) ?? [], ...responses]);
  }

  async #scripted(request: string): Promise<Response | null> {
    await this.#data;
    const response = this.#responses.get(request)?.shift();
    if (response instanceof Error) throw response;
    return typeof response === "number" ? failure(response, "as scripted") : response?.() ?? null;
  }

  async #write(key: string, text: string): Promise<void> {
    const sink = await this.#storage.bytes.write(key);
    await sink.write(new TextEncoder().encode(text));
    await sink.commit();
  }

  #nextId(): string {
    return idOf([...this.#storage.images.rows()].length);
  }
}

/** The id of the image that is added at this position, unless it has another one. */
export function idOf(position: number): string {
  return `00000000-0000-4000-8000-${String(999 - position).padStart(12, "0")}`;
}

/** The response to an upload. */
export function noContent(): Response {
  return new Response(null, { status: 204 });
}

/** The response of the location API to a new location, whose data the embedded Glance would read. */
export function accepted(): Response {
  return new Response(null, { status: 202 });
}

/** An error in Glance's words. */
export function failure(status: number, message: string): Response {
  return Response.json({ message: `${message}.<br /><br />\n\n\n`, code: status }, { status });
}

/** An image of this Glance as the service returns it, with every base attribute. */
export function fullRecord(given: Record<string, unknown>): Record<string, unknown> {
  return {
    name: null,
    status: "queued",
    visibility: "shared",
    diskFormat: null,
    containerFormat: null,
    size: null,
    virtualSize: null,
    minDisk: 0,
    minRam: 0,
    checksum: null,
    osHashAlgo: null,
    osHashValue: null,
    owner: null,
    protected: false,
    osHidden: false,
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
