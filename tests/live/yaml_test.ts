/**
 * Compares scalars in clouds.yaml with PyYAML's `safe_load`: the same value, or rejected when used.
 */
import { assert, assertEquals } from "@std/assert";
import { parseDocument } from "yaml";
import { isMapping, toSettings } from "../../lib/auth/clouds/settings.ts";
import { valueOfYaml, YamlError } from "../../lib/auth/clouds/yaml.ts";
import { AmbiguousScalar } from "../../lib/auth/clouds/yaml_scalars.ts";
import { SCALARS } from "../auth/yaml_scalars.ts";
import { pick, seededRandom } from "../support/seed.ts";
import { callPython } from "./python.ts";

/** PyYAML's result for a document. */
type Theirs = { readonly error: string } | { readonly type: string; readonly text: string };

const SEED = Number(Deno.env.get("YAML_SEED") ?? Math.floor(Math.random() * 2 ** 32));
const RUNS = Number(Deno.env.get("YAML_RUNS") ?? 20_000);

/** Parts of scalars with a special meaning. */
const PIECES = [
  ..."0123456789abcdefxXoOeE+-_.:~<=!&*%@#'\"yYnNtTfF ",
  ..."0123456789",
  ...["0x", "0o", "0b", "1e", "1:30", ".inf", ".nan", "no", "yes", "on", "off", "null", "true"],
  ...["2024-01-02", "T1:02:03", "!!int ", "!!str ", "&a ", "ü", "😀"],
];

Deno.test("readCloud() reads plain scalars as PyYAML does, or rejects them", async () => {
  const random = seededRandom(SEED);
  const made = Array.from({ length: RUNS }, () => {
    const length = 1 + Math.floor(random() * 6);
    return Array.from({ length }, () => pick(random, PIECES)).join("");
  });
  const texts = [...SCALARS.map(([text]) => text), ...made].map((text) => `a: ${text}\n`);
  const theirs = await callPython("yaml_safe_load.py", texts) as Theirs[];
  assertEquals(theirs.length, texts.length);
  const values = await Promise.all(texts.map(oursOf));
  const differences = texts.flatMap((text, i) => {
    const [ours, other] = [values[i], theirs[i] as Theirs];
    return isFaithful(text, ours, other) ? [] : [{ text, ours, theirs: other }];
  });
  assertEquals(differences.slice(0, 20), [], `seed ${SEED}`);
  const kept = values.filter((value) => typeof value === "string");
  assert(kept.length > RUNS / 10, "almost everything is rejected");
});

/** Our value: text, true, false, null; undefined if rejected. */
async function oursOf(text: string): Promise<unknown> {
  try {
    const document = toSettings(await valueOfYaml(parseDocument, text));
    const value = isMapping(document) ? document["a"] : undefined;
    return value instanceof AmbiguousScalar || typeof value === "object" && value !== null
      ? undefined
      : value;
  } catch (error) {
    if (error instanceof YamlError) return undefined;
    throw error;
  }
}

function isFaithful(document: string, ours: unknown, theirs: Theirs): boolean {
  if (ours === undefined) return true;
  // Text that PyYAML rejects may be accepted, but only unchanged.
  if ("error" in theirs) return typeof ours === "string" && document.includes(ours);
  if (ours === null) return theirs.type === "NoneType" || theirs.text === "";
  if (typeof ours === "boolean") {
    return theirs.type === "bool" && theirs.text.toLowerCase() === String(ours);
  }
  return ["str", "int", "float"].includes(theirs.type) && theirs.text === ours;
}
