/**
 * Bad input of every kind, one row each: the action, the expected error, and the text of its message. No
 * part of an error may contain a secret.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createEmbeddedGlance, type EmbeddedGlanceOptions } from "../lib/embedded/mod.ts";
import {
  authenticate,
  AuthenticationFailed,
  connect,
  type Credentials,
  type DownloadOptions,
  getDefaultImageService,
  getRemoteImageService,
  GlanceClientWrapper,
  type GlanceClientWrapperOptions,
  GlanceConnectionFailed,
  GlanceError,
  type GlanceImageService,
  type GlanceOptions,
  ImageConflict,
  type ImageData,
  ImageDownloadFailed,
  ImageLimitExceeded,
  type ImageMeta,
  ImageNotAuthorized,
  ImageNotFound,
  Invalid,
  InvalidConfigurationValue,
  InvalidImageRef,
  type ListParameters,
  NotAuthorized,
  NotFound,
  RedirectRefused,
  type RequestContext,
  UnexpectedResponse,
  UnexpectedStatus,
  type UploadOptions,
} from "../mod.ts";
import { SERVER_CERT, SERVER_KEY } from "./auth/certificates.ts";
import { FakeKeystone, refusal } from "./auth/fake_keystone.ts";

/** Every secret below, and nothing else, contains this word. */
const CANARY = "canary";

const TOKEN = `gAAAA-${CANARY}-token`;
const OLD_TOKEN = `gAAAA-${CANARY}-ended`;
const PASSWORD = `${CANARY}-password`;
const META = { name: "disk", diskFormat: "raw", containerFormat: "bare" };

/** A frozen clock: no timer ends, and a delay between two requests ends immediately. */
const STILL: GlanceOptions = {
  sleep: (_, signal) => signal === undefined ? Promise.resolve() : new Promise(() => {}),
  now: () => 0,
  random: () => 0.5,
};

const ALICE: RequestContext = { authToken: TOKEN, userId: "alice", projectId: "demo" };

/** The fixture of a row: a service over an embedded Glance that accepts Alice's token. */
class World {
  readonly service: GlanceImageService;

  constructor(options: EmbeddedGlanceOptions = {}) {
    const glance = createEmbeddedGlance({
      identify: (token) =>
        token === TOKEN ? { userId: "alice", projectId: "demo", roles: ["member"] } : null,
      ...options,
    });
    this.service = getDefaultImageService({
      ...STILL,
      apiServers: ["glance.example:9292"],
      fetch: (input, init) => glance.fetch(new Request(input, init)),
    });
  }

  /** An image of the ten bytes 0123456789. */
  async image(meta: ImageMeta = {}): Promise<string> {
    return (await this.service.create(ALICE, { ...META, ...meta }, new Blob(["0123456789"]))).id;
  }

  /** An image without data. */
  async queued(meta: ImageMeta = META): Promise<string> {
    return (await this.service.create(ALICE, meta)).id;
  }
}

type ErrorClass = new (...args: never[]) => Error;

interface Row {
  readonly title: string;
  readonly act: (world: World) => unknown;
  readonly error: ErrorClass;
  /** The thing, the cause, and the hint. */
  readonly says: readonly string[];
}

function row(
  title: string,
  act: Row["act"],
  error: ErrorClass,
  ...says: string[]
): Row {
  return { title, act, error, says };
}

/** Arguments that the types reject but a JavaScript caller can pass. */
function untyped<T>(value: unknown): T {
  return value as T;
}

function show(id: unknown) {
  return ({ service }: World) => service.show(ALICE, untyped<string>(id));
}

function create(meta: ImageMeta) {
  return ({ service }: World) => service.create(ALICE, { ...META, ...meta });
}

function list(parameters: ListParameters) {
  return ({ service }: World) => service.detail(ALICE, parameters);
}

function upload(data: () => unknown, options: UploadOptions = {}) {
  return async ({ service }: World) => {
    try {
      await service.create(ALICE, META, untyped<ImageData>(data()), options);
    } finally {
      assertEquals(await service.detail(ALICE), [], "an image was left behind");
    }
  };
}

function download(options: DownloadOptions) {
  return async (world: World) => world.service.download(ALICE, await world.image(), options);
}

function options(given: GlanceOptions) {
  return () => getDefaultImageService(given);
}

function client(given: GlanceClientWrapperOptions) {
  return () => new GlanceClientWrapper(given);
}

function href(text: string) {
  return () => getRemoteImageService(ALICE, text);
}

/** Lists the images of a catalog's Glance. */
function catalog(endpoints: Record<string, string>[], type = "image") {
  const serviceCatalog = [{ type, name: "glance", endpoints }];
  return () => getDefaultImageService(STILL).detail({ ...ALICE, serviceCatalog });
}

function answers(response: () => Response) {
  return () =>
    getDefaultImageService({
      ...STILL,
      apiServers: ["glance.example"],
      fetch: () => Promise.resolve(response()),
    }).show(ALICE, "42");
}

/** Signs in at a Keystone with the given response. */
function signIn(credentials: Omit<Credentials, "authUrl">, answer?: () => Response) {
  return () => {
    const keystone = new FakeKeystone();
    if (answer !== undefined) keystone.answers.push(answer);
    return authenticate({ authUrl: "https://keystone:5000/v3", ...credentials }, keystone.options);
  };
}

const ON_LOOPBACK = { port: 0, hostname: "127.0.0.1", onListen: () => {} } as const;

/** Shows an image of a server with an untrusted certificate. */
async function untrusted(ask: (origin: string) => Promise<unknown>): Promise<void> {
  const tls = { cert: SERVER_CERT, key: SERVER_KEY };
  await using server = Deno.serve({ ...ON_LOOPBACK, ...tls }, () => new Response());
  await ask(`https://localhost:${server.addr.port}`);
}

/** Shows an image of a port on which no server listens. */
function unreachable(): Promise<unknown> {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  return getDefaultImageService({ ...STILL, apiServers: [`http://127.0.0.1:${port}`] })
    .show(ALICE, "42");
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(3);
  await Promise.resolve();
  throw new Error("the disk is gone");
}

function lockedStream(): ReadableStream<Uint8Array> {
  const stream = new Blob(["x"]).stream();
  stream.getReader();
  return stream;
}

const PICK_ONE = "must be a whole number of at least";
const OUTSIDE = "would lead to another path";
const NO_URL = "http or https URL";

const ROWS: readonly Row[] = [
  // Ids.
  row("an unknown id", show("no-such-image"), ImageNotFound, '"no-such-image"', "404"),
  row("an id with a slash", show("a/b"), Invalid, '"a/b"', OUTSIDE, "image id alone"),
  row("an id with a backslash", show("a\\b"), Invalid, OUTSIDE, "image id alone"),
  row("the id ..", show(".."), Invalid, '".."', OUTSIDE, "image id alone"),
  row("the id .", show("."), Invalid, '"."', OUTSIDE, "image id alone"),
  row("an empty id", show(""), Invalid, '""', "must be a non-empty string"),
  row("an id with a line break", show("a\nb"), Invalid, '"a\\nb"', OUTSIDE),
  row("an id that is a number", show(42), Invalid, "42", "must be a non-empty string"),
  row("no id", show(undefined), Invalid, "undefined", "must be a non-empty string"),
  row(
    "a member id with a slash",
    ({ service }) => service.client.call(ALICE, "members.get", "42", "../../images"),
    Invalid,
    '"../../images" as member id',
    OUTSIDE,
  ),
  row(
    "an operation that is not there",
    ({ service }) => service.client.call(ALICE, untyped<"get">("images.get"), "42"),
    Invalid,
    '"images.get"',
    "there is no such operation",
    '"members.list"',
  ),
  row(
    "a call with null for options",
    ({ service }) => service.show(ALICE, "42", untyped(null)),
    Invalid,
    "null as the options of a call",
    "must be an object",
  ),

  // Metadata.
  ...[null, undefined, "text", []].map((meta) =>
    row(
      `${Deno.inspect(meta)} as metadata`,
      ({ service }) => service.create(ALICE, untyped<ImageMeta>(meta)),
      Invalid,
      "as the metadata of an image",
      "must be an object",
    )
  ),
  ...[null, "text", ["text"]].map((properties) =>
    row(
      `${Deno.inspect(properties)} as properties`,
      create({ properties: untyped(properties) }),
      Invalid,
      "as the properties of an image",
      "must be an object",
    )
  ),
  row(
    "a property that is an object",
    create({ properties: { count: {} } }),
    Invalid,
    "its value is an object",
    "convert it to a string",
  ),
  row("a name of 300 characters", create({ name: "x".repeat(300) }), Invalid, "400", "is too long"),
  row(
    "a property that is a number",
    create({ properties: { count: 1 } }),
    Invalid,
    '"count"',
    "a number",
    "convert it to a string",
  ),
  row(
    "a property that is a boolean",
    create({ properties: { is_public: false } }),
    Invalid,
    '"is_public"',
    "convert it to a string",
  ),
  row(
    "a reserved property",
    create({ properties: { os_glance_x: "1" } }),
    Invalid,
    '"os_glance_x"',
    "reserved for Glance",
    "choose another name",
  ),
  row(
    "a property name of 300 characters",
    create({ properties: { ["k".repeat(300)]: "x" } }),
    Invalid,
    "255 characters",
  ),
  row("an unknown disk format", create({ diskFormat: "floppy" }), Invalid, "'floppy'", "'qcow2'"),
  row("a negative disk size", create({ minDisk: -1 }), Invalid, "min_disk", "negative"),
  row(
    "an unknown visibility",
    create({ visibility: untyped("nowhere") }),
    Invalid,
    "'nowhere'",
    "'shared'",
  ),
  row("an id that is no UUID", create({ id: "disk" }), Invalid, "'disk'"),
  row(
    "an id that is taken",
    async (world) => create({ id: await world.queued() })(world),
    ImageConflict,
    "409",
    "already exists",
  ),
  row(
    "a property that is a number, in an update",
    async (world) => {
      await world.service.update(ALICE, await world.queued(), { properties: { count: 1 } });
    },
    Invalid,
    '"count"',
    "convert it to a string",
  ),
  row(
    "the deletion of a protected image",
    async (world) => world.service.delete(ALICE, await world.queued({ protected: true })),
    ImageNotAuthorized,
    "delete image",
    "403",
    "protected",
  ),
  row(
    "a location of an active image",
    async (world) =>
      world.service.addLocation(ALICE, await world.image(), "https://store.example/disk"),
    ImageConflict,
    "409",
    "active",
  ),

  // Lists.
  row("a negative limit", list({ limit: -1 }), Invalid, "limit is -1", PICK_ONE),
  row("a fractional limit", list({ limit: 1.5 }), Invalid, "limit is 1.5", PICK_ONE),
  row("a limit that is no number", list({ limit: NaN }), Invalid, "limit is NaN", PICK_ONE),
  row("a page size of 0", list({ pageSize: 0 }), Invalid, "page size is 0", PICK_ONE),
  row("a fractional page size", list({ pageSize: 0.5 }), Invalid, "page size is 0.5", PICK_ONE),
  row("an unknown sort key", list({ sortKey: "colour" }), Invalid, "colour", "created_at"),
  row(
    "a bad sort direction",
    list({ sortDir: untyped("up") }),
    Invalid,
    '"up"',
    'must be "asc" or "desc"',
  ),
  row("an unknown marker", list({ marker: "nobody" }), Invalid, "nobody"),
  row(
    "a date that is none",
    list({ filters: { createdAt: "yesterday" } }),
    Invalid,
    "created_at",
    "ISO 8601",
  ),
  row("a size that is none", list({ filters: { size_min: "big" } }), Invalid, "non-numeric"),
  row(
    "an operator with an open quote",
    list({ filters: { name: 'in:"a' } }),
    Invalid,
    "quote is not closed",
  ),
  row(
    "a list with null for parameters",
    list(untyped(null)),
    Invalid,
    "null as the parameters of a list",
    "must be an object",
  ),
  row(
    "null for filters",
    list({ filters: untyped(null) }),
    Invalid,
    "null as the filters of a list",
    "must be an object",
  ),
  row(
    "a filter that is an object",
    list({ filters: { name: untyped({}) } }),
    Invalid,
    'filter "name" is an object',
    "a list of strings",
  ),
  ...[5, null, [5]].map((sortKey) =>
    row(
      `${Deno.inspect(sortKey)} as sort key`,
      list({ sortKey: untyped(sortKey) }),
      Invalid,
      "the sort key is",
      "must be a string or a list of strings",
    )
  ),
  row("a text as limit", list({ limit: untyped("5") }), Invalid, 'limit is "5"', PICK_ONE),

  // Options.
  row(
    "an empty server list",
    options({ apiServers: [] }),
    InvalidConfigurationValue,
    '"apiServers"',
    "at least one server",
    "leave it out to use the service catalog",
  ),
  row(
    "a server with a password",
    options({ apiServers: [`https://me:${PASSWORD}@glance.example`] }),
    InvalidConfigurationValue,
    '"https://glance.example"',
    "user information",
    "token in the context",
  ),
  row(
    "a server with a password that is not encoded",
    options({ apiServers: [`https://me:p/?#${PASSWORD}@glance.example`] }),
    InvalidConfigurationValue,
    "API server",
  ),
  row(
    "a server with a query",
    options({ apiServers: [`https://glance.example?token=${CANARY}`] }),
    InvalidConfigurationValue,
    '"https://glance.example"',
    "a query or a fragment",
    '"https://host:9292"',
  ),
  ...(["apiServers", "trustedHosts", "allowedDirectUrlSchemes", "directUrlRoots"] as const)
    .flatMap((name) => [
      row(
        `a text as ${name}`,
        options({ [name]: untyped<string[]>(`https://me:${PASSWORD}@glance`) }),
        InvalidConfigurationValue,
        `"${name}"`,
        "it is a string and must be a list of strings",
      ),
      row(
        `an object in ${name}`,
        options({ [name]: [untyped<string>({})] }),
        InvalidConfigurationValue,
        `"${name}"`,
        "it contains an object and must be a list of strings",
      ),
    ]),
  row(
    "a text as apiServers of connect",
    () => connect({ environment: {}, apiServers: untyped<string[]>("glance") }),
    InvalidConfigurationValue,
    '"apiServers"',
    "must be a list of strings",
  ),
  ...[getDefaultImageService, connect].map((make) =>
    row(
      `null as options of ${make.name}`,
      () => make(untyped<GlanceOptions>(null)),
      Invalid,
      "Cannot use null as the options: it must be an object",
    )
  ),
  row(
    "a trusted host with a password",
    options({ trustedHosts: [`https://me:${PASSWORD}@glance`] }),
    InvalidConfigurationValue,
    "the trusted host",
    "user information",
  ),
  row(
    "a trusted host with a path",
    options({ trustedHosts: ["https://glance/image"] }),
    InvalidConfigurationValue,
    '"https://glance/image"',
    "it has a path",
    'write it as "host:9292"',
  ),
  row(
    "an ftp server",
    options({ apiServers: [`ftp://me:${PASSWORD}@glance.example/?token=${TOKEN}`] }),
    InvalidConfigurationValue,
    "glance.example",
    NO_URL,
    '"https://host:9292"',
  ),
  row(
    "a server with a space",
    options({ apiServers: ["glance example"] }),
    InvalidConfigurationValue,
    NO_URL,
  ),
  row("an empty server", options({ apiServers: [""] }), InvalidConfigurationValue, NO_URL),
  row(
    "a port out of range",
    options({ apiServers: ["http://glance:99999"] }),
    InvalidConfigurationValue,
    NO_URL,
  ),
  row(
    "a netloc with a scheme",
    client({ netloc: "https://glance.example" }),
    InvalidConfigurationValue,
    '"https://glance.example"',
    "it has a scheme",
    '"useSsl"',
  ),
  row(
    "a netloc with a password",
    client({ netloc: `me:${PASSWORD}@glance.example` }),
    InvalidConfigurationValue,
    'the netloc "glance.example"',
    "user information",
  ),
  row(
    "a number as catalog information",
    options({ catalogInfo: untyped(5) }),
    InvalidConfigurationValue,
    "it is 5",
    '"<service type>:<service name>:<endpoint type>"',
  ),
  ...["image", "image:glance", "image:glance:publicURL:x", "", ":glance:publicURL"].map((text) =>
    row(
      `the catalog information "${text}"`,
      options({ catalogInfo: text }),
      InvalidConfigurationValue,
      '"catalogInfo"',
      `it is "${text}"`,
      '"<service type>:<service name>:<endpoint type>"',
    )
  ),
  ...[-1, 1.5, NaN, Infinity].map((numRetries) =>
    row(
      `${numRetries} retries`,
      options({ numRetries }),
      InvalidConfigurationValue,
      '"numRetries"',
      `it is ${numRetries}`,
      PICK_ONE,
    )
  ),
  ...(["requestTimeout", "stallTimeout"] as const).flatMap((name) =>
    [0, -1, NaN, "60"].map((value) =>
      row(
        `the ${name} ${JSON.stringify(value)}`,
        options({ [name]: untyped<number>(value) }),
        InvalidConfigurationValue,
        `"${name}"`,
        `it is ${typeof value === "string" ? '"60"' : value}`,
        "milliseconds above 0",
        "use Infinity for no limit",
      )
    )
  ),
  row(
    "an unknown strategy",
    options({ authStrategy: untyped("basic") }),
    InvalidConfigurationValue,
    '"authStrategy"',
    '"basic"',
    'must be "keystone" or "noauth"',
  ),

  // Image references.
  ...[
    ["http://", NO_URL],
    ["http://glance", "it names no image"],
    ["http://glance/", "it names no image"],
    ["http://glance/v2/images", "it names no image"],
    ["http://glance/v2/images/", "it names no image"],
    ["http://glance/v2/images/..", "it names no image"],
    ["http://glance/v2/images/%2e%2e", "it names no image"],
    ["http://glance/v2/images/%2F..%2Fx", "its id cannot be one"],
    ["http://glance/v2/images/a%20b", "its id cannot be one"],
    ["http://glance/v2/images/%ZZ", "its id is not well encoded"],
    ["http://[::1/42", NO_URL],
    ["http://glance:port/42", NO_URL],
    ["glance/v2/images/42", NO_URL],
    ["/v2/images/42", NO_URL],
    ["//glance/42", NO_URL],
    ["ftp://glance/v2/images/42", NO_URL],
    ["file:///etc/passwd", NO_URL],
    ["javascript:alert(1)//42", NO_URL],
    ["..", "its id cannot be one"],
    ["", "its id cannot be one"],
    [`https://me:${PASSWORD}@glance/v2/images/42`, "user information"],
    [`ftp://glance/v2/images/42?signature=${CANARY}`, NO_URL],
  ].map(([text = "", state = ""]) =>
    row(
      `the image reference "${text}"`,
      href(text),
      InvalidImageRef,
      state,
      'give an id or "https://host/v2/images/<id>"',
    )
  ),

  ...[undefined, null, 42, {}].map((reference) =>
    row(
      `${Deno.inspect(reference)} as image reference`,
      href(untyped(reference)),
      InvalidImageRef,
      "it is not a string",
      "give an id or",
    )
  ),

  // Data to upload.
  row(
    "a stream that is read by another",
    upload(lockedStream),
    Invalid,
    "it is locked",
    "pass an unlocked stream",
  ),
  row(
    "a source of texts",
    upload(() => ReadableStream.from(["text"])),
    Invalid,
    "returned a string instead of bytes",
    "encode it first",
  ),
  row(
    "an iterable of texts",
    upload(async function* () {
      yield await Promise.resolve("text");
    }),
    Invalid,
    "returned a string instead of bytes",
    "encode it first",
  ),
  row("a source that fails", upload(failing), Error, "the disk is gone"),
  row(
    "a stream that fails",
    upload(() => ReadableStream.from(failing())),
    Error,
    "the disk is gone",
  ),
  row(
    "a function that fails",
    upload(() => () => {
      throw new Error("the disk is gone");
    }),
    Error,
    "the disk is gone",
  ),
  row("a text as data", upload(() => "text"), Invalid, "upload a string:", "ReadableStream"),
  row("a number as data", upload(() => 42), Invalid, "upload a number:", "ReadableStream"),
  row("an object as data", upload(() => ({})), Invalid, "upload an object:", "ReadableStream"),
  row("a function that gives a text", upload(() => () => "text"), Invalid, "a string"),
  row(
    "bytes in shared memory",
    upload(() => new Uint8Array(new SharedArrayBuffer(4))),
    Invalid,
    "they are in shared memory",
    "pass a copy",
  ),
  ...[-1, 1.5, NaN, "5"].map((size) =>
    row(
      `the size ${JSON.stringify(size)}`,
      upload(() => new Blob(["12345"]).stream(), { size: untyped(size) }),
      Invalid,
      '"size"',
      PICK_ONE,
    )
  ),
  ...[3, 9].flatMap((size) => [
    row(
      `a stream of 5 bytes that is said to have ${size}`,
      upload(() => new Blob(["12345"]).stream(), { size }),
      Invalid,
      `does not have the announced ${size} bytes`,
      "correct the size or leave it out",
    ),
    row(
      `bytes of which ${size} are announced and 5 are there`,
      upload(() => new Uint8Array(5), { size }),
      Invalid,
      `${size} bytes`,
    ),
  ]),
  row(
    "a store that is not there",
    upload(() => new Blob(["x"]), { storeId: "attic" }),
    Invalid,
    "400",
    "attic",
  ),
  row(
    "more bytes than the cloud allows",
    () => upload(() => new Blob(["0123456789"]))(new World({ imageSizeCap: 5 })),
    ImageLimitExceeded,
    "upload image",
    "413",
  ),
  row(
    "data for an image without formats",
    async (world) => {
      const id = await world.queued({ name: "formless" });
      await world.service.update(ALICE, id, {}, new Blob(["x"]));
    },
    Invalid,
    "disk_format, container_format",
  ),
  row(
    "data for an image that has some",
    async (world) => world.service.update(ALICE, await world.image(), {}, new Blob(["x"])),
    ImageConflict,
    "upload image",
    "409",
    "active",
  ),

  // Data to download.
  ...[{ start: 10 }, { start: 5, end: 3 }, { start: -1 }, { start: 1.5 }, { start: NaN }].map(
    (range) =>
      row(
        `the range ${range.start} to ${range.end} of ten bytes`,
        download({ range }),
        Invalid,
        `bytes ${range.start} to`,
        "of 10 bytes",
        "give a whole start below 10",
      ),
  ),
  ...[null, {}, "0-5", { end: 5 }].map((range) =>
    row(
      `${Deno.inspect(range)} as range`,
      download({ range: untyped(range) }),
      Invalid,
      '"range"',
      "must be { start, end }",
    )
  ),
  row(
    "an unknown way to verify",
    download({ verify: untyped("always") }),
    Invalid,
    '"verify"',
    'it is "always"',
    '"auto", "required" or "off"',
  ),
  row(
    "a text as preferred stores",
    download({ prefer: untyped("ceph") }),
    Invalid,
    '"prefer"',
    'it is "ceph"',
    "a list of store ids",
  ),
  row(
    "a download with null for options",
    download(untyped(null)),
    Invalid,
    "null as the options of a download",
    "must be an object",
  ),
  ...[undefined, null, {}, new WritableStream().getWriter(), { writable: new WritableStream() }]
    .map(
      (sink) =>
        row(
          `${Deno.inspect(sink).split("\n")[0]} as the sink of a download`,
          async (world) =>
            world.service.download(ALICE, await world.image(), untyped(sink), {
              range: { start: 1 },
            }),
          Invalid,
          "download image",
          "the sink is not a WritableStream",
          "give one",
        ),
    ),
  row(
    "a file as the sink of a download without options",
    async (world) => world.service.download(ALICE, await world.image(), untyped({ write() {} })),
    Invalid,
    "download image",
    "the sink is not a WritableStream",
    "give one",
  ),
  row(
    "the verification of a part",
    download({ range: { start: 1 }, verify: "required" }),
    Invalid,
    "verify a part",
    "its hash is that of the whole",
    'leave verify at "auto"',
  ),
  row("no connection", download({ connections: 0 }), Invalid, '"connections"', "it is 0", PICK_ONE),
  row(
    "a part of no size",
    download({ partSize: 0.5 }),
    Invalid,
    '"partSize"',
    "it is 0.5",
    PICK_ONE,
  ),
  row(
    "a download without data",
    async (world) => world.service.download(ALICE, await world.queued()),
    ImageDownloadFailed,
    "image contains no data",
    "upload some first",
  ),

  // Credentials.
  row(
    "a wrong password",
    signIn(
      { username: "alice", password: PASSWORD, projectName: "demo" },
      () => refusal(401, `Invalid credentials ${PASSWORD}`),
    ),
    AuthenticationFailed,
    'user "alice"',
    'project "demo"',
    "refused with 401",
    "check the user, the password",
  ),
  row(
    "a token that Keystone says has ended",
    signIn({ token: OLD_TOKEN, projectName: "demo" }, () => refusal(401, "The token has ended")),
    AuthenticationFailed,
    'project "demo"',
    "refused with 401",
    "sign in with a password or an application credential",
  ),
  row(
    "no password",
    signIn({ username: "alice" }),
    InvalidConfigurationValue,
    'user "alice"',
    '"password" is missing',
    "OS_PASSWORD",
  ),
  row(
    "an auth URL with a password",
    () =>
      authenticate({
        authUrl: `https://me:${PASSWORD}@keystone`,
        username: "alice",
        password: PASSWORD,
      }),
    InvalidConfigurationValue,
    "auth URL",
    "OS_AUTH_URL",
  ),
  row(
    "a token that Glance says has ended",
    ({ service }) => service.show({ ...ALICE, authToken: OLD_TOKEN }, "42"),
    ImageNotAuthorized,
    'image "42"',
    "401",
    "sign in again",
  ),
  row(
    "a list with a token that has ended",
    ({ service }) => service.detail({ ...ALICE, authToken: OLD_TOKEN }),
    NotAuthorized,
    "list images",
    "401",
  ),
  row(
    "a token with a line break",
    ({ service }) => service.show({ ...ALICE, authToken: `${TOKEN}\n` + OLD_TOKEN }, "42"),
    Invalid,
    "token",
    "check the tokens of the context",
  ),
  row(
    "a request id of 65 characters",
    ({ service }) => service.show({ ...ALICE, globalRequestId: "x".repeat(65) }, "42"),
    Invalid,
    "up to 64 printable ASCII characters",
    '"globalRequestId"',
  ),
  row(
    "a server that repeats the token",
    answers(() => new Response(`debug: ${TOKEN}`, { status: 500 })),
    UnexpectedStatus,
    'answered 500, "debug: ***"',
  ),
  row(
    "no configuration",
    () => connect({ environment: {} }),
    InvalidConfigurationValue,
    "nothing is configured",
    "OS_CLOUD",
    "OS_AUTH_URL",
    "GLANCE_API_SERVERS",
  ),
  row(
    "a cloud that is in no file",
    () => connect({ environment: { OS_CLOUD: "nowhere", HOME: "/nonexistent" } }),
    InvalidConfigurationValue,
    '"nowhere"',
    "OS_CLIENT_CONFIG_FILE",
  ),

  // Servers.
  row(
    "an untrusted certificate",
    () =>
      untrusted((origin) =>
        getDefaultImageService({ ...STILL, apiServers: [origin] }).show(ALICE, "42")
      ),
    GlanceConnectionFailed,
    'image "42"',
    '"https://localhost:',
    "UnknownIssuer",
    "OS_CACERT",
  ),
  row(
    "a Keystone with an untrusted certificate",
    () =>
      untrusted((authUrl) =>
        authenticate({ authUrl, username: "alice", password: PASSWORD }, STILL)
      ),
    GlanceConnectionFailed,
    'user "alice"',
    '"https://localhost:',
    "OS_CACERT",
  ),
  row(
    "a host that does not answer",
    unreachable,
    GlanceConnectionFailed,
    'image "42"',
    '"http://127.0.0.1:',
    "in 4 attempts",
    "Connection refused",
  ),
  row(
    "a catalog without the interface",
    catalog([{ interface: "admin", url: "https://glance-admin" }]),
    InvalidConfigurationValue,
    '"publicURL"',
    'it has "admin"',
    '"catalogInfo"',
    '"image:glance:adminURL"',
  ),
  row(
    "a catalog without an image service",
    catalog([{ interface: "public", url: "https://nova" }], "compute"),
    InvalidConfigurationValue,
    '"image"',
    'set "apiServers" or correct "catalogInfo"',
  ),
  row(
    "a catalog with a URL that is none",
    catalog([{ interface: "public", url: "glance dot example" }]),
    InvalidConfigurationValue,
    NO_URL,
  ),
  row(
    "no server and no catalog",
    () => getDefaultImageService(STILL).show(ALICE, "42"),
    InvalidConfigurationValue,
    '"apiServers"',
    '"authUrl" to fetch the catalog from Keystone',
  ),
  row(
    "a server that is no Glance",
    answers(() => new Response("<html>Welcome</html>")),
    UnexpectedResponse,
    'show image "42": the answer of "http://glance.example" is not a JSON document',
    "check that the endpoint is an Image API",
  ),
  row(
    "the deletion of an image of a server that is no Glance",
    () =>
      getDefaultImageService({
        ...STILL,
        apiServers: ["glance.example"],
        fetch: () => Promise.resolve(new Response("<html>Welcome</html>")),
      }).delete(ALICE, "42"),
    UnexpectedResponse,
    'delete image "42": the answer of "http://glance.example" has the status 200 instead of 204',
    "check that the endpoint is an Image API",
  ),
  row(
    "a server that redirects elsewhere",
    answers(() =>
      new Response(null, {
        status: 302,
        headers: { location: `https://me:${PASSWORD}@elsewhere.example/?token=${CANARY}` },
      })
    ),
    RedirectRefused,
    '"https://elsewhere.example"',
    "not followed",
    "configure that server if it is the right one",
  ),
  row(
    "a schema that is not there",
    ({ service }) => service.client.call(ALICE, "schemas.get", "colour" as never),
    NotFound,
    'schema "colour"',
    "404",
  ),
];

for (const { title, act, error: ErrorClass, says } of ROWS) {
  Deno.test(`Bad input: ${title} is ${ErrorClass.name}`, async () => {
    const error = await errorOf(act);
    assertEquals(error.name, ErrorClass.name, error.message);
    assert(error.constructor === ErrorClass);
    for (const text of says) assertStringIncludes(error.message, text);
    if (error instanceof GlanceError) assertGrammar(error.message);
    assertEquals(secretsIn(error), []);
  });
}

async function errorOf(act: Row["act"]): Promise<Error> {
  let result;
  try {
    result = await act(new World());
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  if (result instanceof ReadableStream) await result.cancel();
  throw new Error("it was accepted");
}

/** `Cannot <verb> <thing>: <cause>; <hint>`, without a final period and without contractions. */
function assertGrammar(message: string): void {
  assertMatch(message, /^Cannot [a-z]+ \S.*: \S/is);
  assertMatch(message, /[^.\s]$/);
  // The explanation of a server is quoted unchanged.
  const ours = message.replaceAll(/"[^"]*"/g, '""');
  assert(!/n't\b|\b(it|that|there)'s\b|'(re|ve|ll)\b/i.test(ours), ours);
}

/** Where the canary is in an error and its chain of causes. */
function secretsIn(error: unknown, path = "error", seen = new Set<unknown>()): string[] {
  if (typeof error === "string") return error.includes(CANARY) ? [`${path}: ${error}`] : [];
  if (typeof error !== "object" || error === null || seen.has(error)) return [];
  seen.add(error);
  const inspected = path === "error"
    ? secretsIn(Deno.inspect(error, { depth: 20 }), "inspect")
    : [];
  return [
    ...inspected,
    ...Object.getOwnPropertyNames(error).flatMap((key) =>
      secretsIn((error as Record<string, unknown>)[key], `${path}.${key}`, seen)
    ),
  ];
}
