/** Bad options of the service, the client and connect(). */
import {
  connect,
  getDefaultImageService,
  GlanceClientWrapper,
  type GlanceClientWrapperOptions,
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
    "user information",
    "token in the context",
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
    "user information",
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
    "user information",
  ),
  row(
    "getDefaultImageService()",
    "a number as catalog information",
    options({ catalogInfo: untyped(5) }),
    InvalidConfigurationValue,
    "it is 5",
    '"<service type>:<service name>:<endpoint type>"',
  ),
  ...["image", "image:glance", "image:glance:publicURL:x", "", ":glance:publicURL"].map((text) =>
    row(
      "getDefaultImageService()",
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
        "milliseconds above 0",
        "use Infinity for no limit",
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
]);
