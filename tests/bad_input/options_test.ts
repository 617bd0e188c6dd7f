/** Bad options of the service, the client and connect(). */
import {
  connect,
  findImage,
  getDefaultImageService,
  GlanceClientWrapper,
  type GlanceClientWrapperOptions,
  GlanceImageService,
  type GlanceOptions,
  Invalid,
  InvalidConfigurationValue,
} from "../../mod.ts";
import {
  CANARY,
  NO_URL,
  PASSWORD,
  row,
  testBadInput,
  TOKEN,
  untyped,
  WHOLE_NUMBER,
} from "./harness.ts";

function options(given: GlanceOptions) {
  return () => getDefaultImageService(given);
}

function client(given: GlanceClientWrapperOptions) {
  return () => new GlanceClientWrapper(given);
}

/** A `fetch` of another package, and one that returns a response twice. */
const UNUSABLE_RESPONSES: Readonly<Record<string, () => Promise<GlanceOptions["fetch"]>>> = {
  "a fetch whose bodies are no ReadableStream": () =>
    Promise.resolve(() =>
      Promise.resolve(untyped({ status: 200, headers: new Headers(), body: { pipe() {} } }))
    ),
  "a fetch that returns a response that was read": async () => {
    const response = Response.json({ images: [] });
    await response.json();
    return () => Promise.resolve(response);
  },
};

testBadInput([
  row(
    "getDefaultImageService()",
    "an empty server list",
    options({ apiServers: [] }),
    InvalidConfigurationValue,
    '"apiServers"',
    "at least one server",
    "leave it out to use the service catalog",
  ),
  row(
    "getDefaultImageService()",
    "a server with a password",
    options({ apiServers: [`https://me:${PASSWORD}@glance.example`] }),
    InvalidConfigurationValue,
    '"https://glance.example"',
    "a user",
    '"https://host:9292"',
  ),
  row(
    "getDefaultImageService()",
    "a server with a password that is not encoded",
    options({ apiServers: [`https://me:p/?#${PASSWORD}@glance.example`] }),
    InvalidConfigurationValue,
    "API server",
  ),
  row(
    "getDefaultImageService()",
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
        "getDefaultImageService()",
        `a text as ${name}`,
        options({ [name]: untyped<string[]>(`https://me:${PASSWORD}@glance`) }),
        InvalidConfigurationValue,
        `"${name}"`,
        "it is a string and must be a list of strings",
      ),
      row(
        "getDefaultImageService()",
        `an object in ${name}`,
        options({ [name]: [untyped<string>({})] }),
        InvalidConfigurationValue,
        `"${name}"`,
        "it contains an object and must be a list of strings",
      ),
    ]),
  row(
    "connect()",
    "a text as apiServers of connect",
    () => connect({ environment: {}, apiServers: untyped<string[]>("glance") }),
    InvalidConfigurationValue,
    '"apiServers"',
    "must be a list of strings",
  ),
  ...[getDefaultImageService, connect].map((make) =>
    row(
      `${make.name}()`,
      "null as options",
      () => make(untyped<GlanceOptions>(null)),
      Invalid,
      "Cannot use null as the options: it must be an object",
    )
  ),
  row(
    "getDefaultImageService()",
    "a trusted host with a password",
    options({ trustedHosts: [`https://me:${PASSWORD}@glance`] }),
    InvalidConfigurationValue,
    "the trusted host",
    "a user",
  ),
  row(
    "getDefaultImageService()",
    "a trusted host with a path",
    options({ trustedHosts: ["https://glance/image"] }),
    InvalidConfigurationValue,
    '"https://glance/image"',
    "it has a path",
    'write it as "host:9292"',
  ),
  row(
    "getDefaultImageService()",
    "an ftp server",
    options({ apiServers: [`ftp://me:${PASSWORD}@glance.example/?token=${TOKEN}`] }),
    InvalidConfigurationValue,
    "glance.example",
    NO_URL,
    '"https://host:9292"',
  ),
  row(
    "getDefaultImageService()",
    "a server with a space",
    options({ apiServers: ["glance example"] }),
    InvalidConfigurationValue,
    NO_URL,
  ),
  row(
    "getDefaultImageService()",
    "an empty server",
    options({ apiServers: [""] }),
    InvalidConfigurationValue,
    NO_URL,
  ),
  row(
    "getDefaultImageService()",
    "a port out of range",
    options({ apiServers: ["http://glance:99999"] }),
    InvalidConfigurationValue,
    NO_URL,
  ),
  row(
    "new GlanceClientWrapper()",
    "a netloc with a scheme",
    client({ netloc: "https://glance.example" }),
    InvalidConfigurationValue,
    '"https://glance.example"',
    "it has a scheme",
    '"useSsl"',
  ),
  row(
    "new GlanceClientWrapper()",
    "a netloc with a password",
    client({ netloc: `me:${PASSWORD}@glance.example` }),
    InvalidConfigurationValue,
    'the netloc "glance.example"',
    "a user",
  ),
  row(
    "getDefaultImageService()",
    "a number as catalog information",
    options({ catalogInfo: untyped(5) }),
    InvalidConfigurationValue,
    "a number and must be a string",
  ),
  ...["image", "image:glance", "image:glance:publicURL:x", "", ":glance:publicURL"].map((text) =>
    row(
      "getDefaultImageService()",
      `the catalog information "${text}"`,
      options({ catalogInfo: text }),
      InvalidConfigurationValue,
      '"catalogInfo"',
      `it is "${text}"`,
      'the form "image:glance:publicURL"',
    )
  ),
  ...[-1, 1.5, NaN, Infinity].map((numRetries) =>
    row(
      "getDefaultImageService()",
      `${numRetries} retries`,
      options({ numRetries }),
      InvalidConfigurationValue,
      '"numRetries"',
      `it is ${numRetries}`,
      WHOLE_NUMBER,
    )
  ),
  ...(["requestTimeout", "stallTimeout"] as const).flatMap((name) =>
    [0, -1, NaN, "60"].map((value) =>
      row(
        "getDefaultImageService()",
        `the ${name} ${JSON.stringify(value)}`,
        options({ [name]: untyped<number>(value) }),
        InvalidConfigurationValue,
        `"${name}"`,
        `it is ${typeof value === "string" ? '"60"' : value}`,
        "milliseconds above 0, or Infinity",
      )
    )
  ),
  row(
    "getDefaultImageService()",
    "an unknown strategy",
    options({ authStrategy: untyped("basic") }),
    InvalidConfigurationValue,
    '"authStrategy"',
    '"basic"',
    'must be "keystone" or "noauth"',
  ),
  ...(["onEvent", "fetch", "sleep", "timer", "now", "wallClock", "random", "randomUUID"] as const)
    .map((name) =>
      row(
        "getDefaultImageService()",
        `a text as ${name}`,
        options({ [name]: untyped(TOKEN) }),
        InvalidConfigurationValue,
        `"${name}": it is a string and must be a function`,
      )
    ),
  ...(["regionName", "authUrl"] as const).map((name) =>
    row(
      "getDefaultImageService()",
      `a number as ${name}`,
      options({ [name]: untyped(5) }),
      InvalidConfigurationValue,
      `"${name}": it is a number and must be a string`,
    )
  ),
  row(
    "getDefaultImageService()",
    "a token as the privileged context",
    options({ privilegedContext: untyped(TOKEN) }),
    InvalidConfigurationValue,
    '"privilegedContext": it is a string and must be an object',
  ),
  row(
    "GlanceImageService",
    "options instead of a client",
    () => new GlanceImageService(untyped({ apiServers: ["glance.example"] })),
    Invalid,
    "an object as a client",
    "write new GlanceClientWrapper(options)",
  ),
  row(
    "findImage()",
    "its arguments in the wrong order",
    ({ service }) => findImage(untyped({}), untyped(service), "debian"),
    Invalid,
    "an object as the image service",
    "pass it before the context",
  ),
  ...Object.entries(UNUSABLE_RESPONSES).map(([title, respond]) =>
    row(
      "getDefaultImageService()",
      title,
      async () =>
        await getDefaultImageService({ apiServers: ["glance.example"], fetch: await respond() })
          .detail({}),
      InvalidConfigurationValue,
      'the option "fetch": it returned an object instead of a new Response',
    )
  ),
]);
