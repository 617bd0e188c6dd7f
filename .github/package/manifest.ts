/** What the `package.json` of the npm package says, from deno.json. Pure. */

/** The part of deno.json that is used. */
export interface Configuration {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
}

/** Packages that some entries import: what they are for is in the README. */
const OPTIONAL_PEERS = ["aws4fetch", "fzstd", "hono", "xz-decompress", "yaml"];

/** `process.getBuiltinModule`, with which the core finds `node:crypto`, exists since this version. */
const NODE = ">=20.16";

/** What the package has besides deno.json. */
interface PackageFacts {
  /** The command, from the root of the package. */
  readonly command: string;
  /** Owner and name at GitHub; npm compares it with the origin of the build. */
  readonly repository: string | undefined;
}

/** The content of `package.json`. */
export function manifestFor(
  configuration: Configuration,
  { command, repository }: PackageFacts,
): Readonly<Record<string, unknown>> {
  const { name, version, license, exports } = configuration;
  const entries = Object.entries(exports).map(([entry, source]) => {
    const path = source.replace(/\.ts$/, "");
    // Types come first: the first condition that applies is used.
    return [entry, { types: `${path}.d.ts`, default: `${path}.js` }] as const;
  });
  const [, main] = entries[0] ?? [];
  return {
    name,
    version,
    description: "OpenStack's image service: client, command line, gateway and cache over fetch",
    keywords: ["openstack", "glance", "image", "gateway", "edge"],
    license,
    ...repository &&
      { repository: { type: "git", url: `git+https://github.com/${repository}.git` } },
    type: "module",
    sideEffects: false,
    main: main?.default,
    types: main?.types,
    exports: {
      ...Object.fromEntries(entries),
      "./openapi.json": "./openapi.json",
      "./package.json": "./package.json",
    },
    bin: { "glance-edge": command },
    engines: { node: NODE },
    peerDependencies: Object.fromEntries(
      bundledPackages(configuration).map(([name, version]) => [name, `^${version}`]),
    ),
    peerDependenciesMeta: Object.fromEntries(
      OPTIONAL_PEERS.map((name) => [name, { optional: true }]),
    ),
  };
}

/** The packages that the command contains, with their versions. */
export function bundledPackages({ imports }: Configuration): readonly [string, string][] {
  return OPTIONAL_PEERS.map((name) => {
    const version = imports[name]?.split("@").at(-1);
    if (version === undefined) throw new Error(`deno.json has no version of ${name}`);
    return [name, version];
  });
}
