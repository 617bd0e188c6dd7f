/** Projects of users: what they install, and what must work after that. */

/** A project in an empty folder. */
export interface Project {
  readonly name: string;
  /** Its files, besides `package.json`. */
  readonly files?: Readonly<Record<string, string>>;
  /** Commands that must succeed without a warning. `TARBALL` is the package, `PM` a package from npm that is run. */
  readonly commands: readonly string[];
  /** What the last command prints. */
  readonly prints: RegExp;
}

/** Every entry of the package. */
const ENTRIES = [
  "",
  "/api",
  "/cache",
  "/cli",
  "/clouds",
  "/embedded",
  "/errors",
  "/formats",
  "/testing",
  "/tracing",
];

const IMPORT_ALL = ENTRIES.map((entry, i) =>
  `import * as entry${i} from "@glance-edge/glance${entry}";`
)
  .join("\n");

/** `/cli` contains the server, which needs Hono. */
const IMPORT_WITHOUT_PACKAGES = IMPORT_ALL.split("\n").filter((line) => !line.includes("/cli"))
  .join("\n");

/** Prints the name of the image of the server that the environment names. */
const LIST = `import { connect } from "@glance-edge/glance";
const { service, context } = await connect();
for await (const image of service.list(context)) console.log(image.name, image.status);`;

/** The same, typed; each line that follows a comment must be an error of the compiler. */
const TYPED_LIST = `${IMPORT_ALL}
import { connect, type Image } from "@glance-edge/glance";
import { createImageRouter } from "@glance-edge/glance/router";
export const entries = [${ENTRIES.map((_, i) => `entry${i}`)}, createImageRouter];
const { service, context } = await connect();
const [image]: Image[] = await service.detail(context);
const name: string | null | undefined = image?.name;
// @ts-expect-error: a name is not a number
const size: number = image?.name;
// @ts-expect-error: there is no such option
createImageRouter({ nope: true });
console.log(name, size);`;

const GATEWAY = `import { createImageRouter } from "@glance-edge/glance/router";
const router = createImageRouter({ apiServers: ["http://127.0.0.1:9292"] });
export default { fetch: (request) => router.fetch(request) };`;

/** Options of the compiler that leave nothing unchecked: the library of 2022, no types of a runtime. */
function compilerOptions(module: string, moduleResolution: string): string {
  const options = { module, moduleResolution, target: "es2022", lib: ["es2022", "dom"], types: [] };
  const checks = { strict: true, skipLibCheck: false, noEmit: true };
  return JSON.stringify({ compilerOptions: { ...options, ...checks }, files: ["main.ts"] });
}

const TYPESCRIPT = {
  "main.ts": TYPED_LIST,
  "tsconfig.bundler.json": compilerOptions("esnext", "bundler"),
  "tsconfig.node16.json": compilerOptions("node16", "node16"),
  "tsconfig.nodenext.json": compilerOptions("nodenext", "nodenext"),
};

const COMPILE = ["bundler", "node16", "nodenext"]
  .map((resolution) => `npx tsc -p tsconfig.${resolution}.json`);

export const PROJECTS: readonly Project[] = [
  {
    name: "npm, and the command",
    commands: ["npm i TARBALL", "npx glance-edge image-list"],
    prints: /\| sample \|/,
  },
  {
    name: "npm, and a script",
    files: { "main.js": LIST },
    commands: ["npm i TARBALL", "node main.js"],
    prints: /^sample queued$/m,
  },
  {
    name: "npm, and clouds.yaml",
    files: {
      "main.js": LIST,
      "clouds.yaml": "clouds: { here: { auth_type: none, image_endpoint_override: URL } }",
    },
    commands: ["npm i TARBALL", "npx glance-edge --os-cloud here image-list"],
    prints: /\| sample \|/,
  },
  {
    name: "pnpm",
    files: { "main.js": LIST },
    commands: ["npx -y pnpm@12.21.0 add TARBALL", "node_modules/.bin/glance-edge image-list"],
    prints: /\| sample \|/,
  },
  {
    name: "Yarn",
    files: { "main.js": LIST },
    commands: [
      "npx -y yarn@1.22.22 add --silent TARBALL",
      "node_modules/.bin/glance-edge image-list",
    ],
    prints: /\| sample \|/,
  },
  {
    name: "Bun, and a script",
    files: { "main.js": LIST },
    commands: [
      "npm i --prefix tools bun@1.4.5",
      "tools/node_modules/.bin/bun add TARBALL",
      "tools/node_modules/.bin/bun main.js",
    ],
    prints: /^sample queued$/m,
  },
  {
    name: "Bun, and the command",
    commands: [
      "npm i --prefix tools bun@1.4.5",
      "tools/node_modules/.bin/bun add TARBALL",
      "tools/node_modules/.bin/bun x --bun glance-edge image-list",
    ],
    prints: /\| sample \|/,
  },
  {
    name: "TypeScript 5.9",
    files: TYPESCRIPT,
    commands: ["npm i typescript@5.9.3 hono@4.13.19 TARBALL", ...COMPILE],
    prints: /^$/,
  },
  {
    name: "TypeScript 7",
    files: TYPESCRIPT,
    commands: ["npm i typescript@7.0.2 hono@4.13.19 TARBALL", ...COMPILE],
    prints: /^$/,
  },
  {
    name: "esbuild, without the optional packages",
    files: {
      "main.js":
        `${IMPORT_WITHOUT_PACKAGES}\n${LIST}\nexport const entries = [entry0, entry2, entry4];`,
    },
    commands: [
      "npm i esbuild@0.28.2 TARBALL",
      "npx esbuild main.js --bundle --format=esm --platform=node --log-level=warning --outfile=out.mjs",
      "node out.mjs",
    ],
    prints: /^sample queued$/m,
  },
  {
    name: "Vite",
    files: {
      "index.html": '<script type="module" src="/main.js"></script>',
      "main.js": LIST.replace("connect()", 'connect({ apiServers: ["http://127.0.0.1:9292"] })'),
    },
    commands: ["npm i vite@8.4.0 TARBALL", "npx vite build"],
    prints: /built in/,
  },
  {
    name: "wrangler",
    files: {
      "worker.js": GATEWAY,
      "wrangler.json": JSON.stringify({
        name: "gateway",
        main: "worker.js",
        compatibility_date: "2026-04-01",
        compatibility_flags: ["nodejs_compat"],
      }),
    },
    commands: [
      "npm i wrangler@4.82.1 hono@4.13.19 TARBALL",
      "npx wrangler deploy --dry-run --outdir out",
    ],
    prints: /Total Upload/,
  },
  {
    name: "publint and attw",
    commands: [
      "npm i publint@0.3.25 @arethetypeswrong/cli@0.18.5 TARBALL",
      "npx publint --strict node_modules/@glance-edge/glance",
      "npx attw TARBALL --profile esm-only --no-emoji",
    ],
    prints: /node16 \(from ESM\): OK \(ESM\)/,
  },
];
