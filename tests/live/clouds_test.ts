/**
 * Compares `readCloud` with openstacksdk on the same variables and files: the same cloud,
 * credentials, region, interface, endpoint, timeout, and TLS files, and an error in the same cases.
 */
import { assertEquals, assertNotEquals } from "@std/assert";
import { GlanceError } from "../../lib/errors.ts";
import { type CloudConfig, readCloud } from "../../lib/auth/clouds/mod.ts";
import { CLOUD_CASES, type CloudCase } from "./clouds_cases.ts";
import { requirePackages } from "./packages.ts";
import { callPython } from "./python.ts";

/** The compared fields of a cloud. */
interface Reading {
  readonly name: string;
  readonly auth: Readonly<Record<string, string>>;
  readonly regionName: string | null;
  readonly interface: string;
  readonly endpoint: string | null;
  readonly timeout: number | null;
  /** False, true, or the path of a CA file. */
  readonly verify: boolean | string;
  readonly cert: readonly (string | null)[];
}

/** A case with its variables and its folder. */
interface PreparedCase {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

Deno.test("readCloud() finds what openstacksdk finds", async (t) => {
  await requirePackages();
  const root = await Deno.makeTempDir();
  try {
    const prepared = await Promise.all(CLOUD_CASES.map((c, i) => prepare(c, `${root}/${i}`)));
    const theirs = await readBySdk(prepared);
    for (const [i, { name, difference }] of CLOUD_CASES.entries()) {
      const claim = difference === undefined ? name : `${name}, otherwise: ${difference}`;
      await t.step(claim, async () => {
        const ours = await readByUs(prepared[i] as PreparedCase);
        const compare = difference === undefined ? assertEquals : assertNotEquals;
        compare(ours, theirs[i]);
      });
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

async function prepare(cloudCase: CloudCase, root: string): Promise<PreparedCase> {
  await Deno.mkdir(`${root}/work`, { recursive: true });
  for (const [path, text] of Object.entries(cloudCase.files ?? {})) {
    const folder = text === null ? path : path.slice(0, path.lastIndexOf("/"));
    await Deno.mkdir(`${root}/${folder}`, { recursive: true });
    if (text !== null) await Deno.writeTextFile(`${root}/${path}`, text);
  }
  const environment = { HOME: "@/home", ...cloudCase.environment };
  return {
    directory: `${root}/work`,
    environment: Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, value.replaceAll("@", root)]),
    ),
  };
}

async function readByUs(
  { directory, environment }: PreparedCase,
): Promise<Reading | "error" | "nothing"> {
  try {
    const cloud = await readCloud({ environment, workingDirectory: directory });
    return cloud === null ? "nothing" : readingOf(cloud);
  } catch (error) {
    if (error instanceof GlanceError) return "error";
    throw error;
  }
}

function readingOf({ name, credentials, context, options, tls }: CloudConfig): Reading {
  const { method: _, ...fields } = credentials ?? {};
  const auth = Object.entries(fields).map(([field, value]) => [
    field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  const token = context.authToken === undefined ? {} : { token: context.authToken };
  return {
    name,
    auth: { ...Object.fromEntries(auth), ...token },
    regionName: options.regionName ?? null,
    interface: options.catalogInfo?.split(":")[2]?.replace("URL", "") ?? "public",
    endpoint: options.apiServers?.[0] ?? null,
    timeout: options.requestTimeout === undefined ? null : options.requestTimeout / 1000,
    verify: tls.verify ? tls.caCertFile ?? true : false,
    cert: [tls.certFile, tls.keyFile],
  };
}

async function readBySdk(cases: readonly PreparedCase[]): Promise<(Reading | "error")[]> {
  // The script is part of this folder; a wrong shape fails the comparison.
  const readings = await callPython("clouds_sdk.py", cases) as SdkReading[];
  return readings.map(fromSdk);
}

/** Output of the script. */
type SdkReading = { readonly error: string } | {
  readonly name: string;
  readonly auth: Readonly<Record<string, string>>;
  readonly regionName: string;
  readonly interface: string;
  readonly endpoint: string | null;
  readonly timeout: number | string | null;
  readonly verify: boolean | string;
  readonly cert: null | string | readonly [string, string];
};

/** Without Keystone, the endpoint is one of our servers and not part of the credentials. */
function fromSdk(reading: SdkReading): Reading | "error" {
  if ("error" in reading) return "error";
  const { auth: { endpoint, ...auth }, timeout, regionName, cert, ...same } = reading;
  return {
    name: same.name,
    auth,
    regionName: regionName || null,
    interface: same.interface.replace("URL", ""),
    endpoint: same.endpoint ?? endpoint ?? null,
    timeout: timeout === null ? null : Number(timeout),
    verify: same.verify,
    cert: cert === null ? [null, null] : typeof cert === "string" ? [cert, null] : cert,
  };
}
