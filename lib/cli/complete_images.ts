/**
 * The command of completion scripts: `glance-edge complete-images PREFIX WORD...`. It prints the names and ids of images
 * that begin with the prefix, one per line, within a short time limit and without any message.
 */
import { isImageId } from "../jobs/find_image.ts";
import { printText } from "./output/records.ts";
import { runGlance } from "./run.ts";
import { printable } from "./system/console.ts";
import type { Output, System } from "./system/system.ts";

/** Milliseconds until a completion without a response ends. */
const TIME_LIMIT = 3_000;

/** Maximum number of images, in the order of their names: as many as Glance sends in one response. */
const MAX_IMAGES = 1_000;

/** Flags of the command line to complete that are used. With another one for the cloud, nothing is offered. */
const KEPT_FLAGS: readonly string[] = ["--os-cloud", "--os-region-name"];

/** An image to complete. */
interface NamedImage {
  readonly id: string;
  readonly name?: string | null | undefined;
}

/**
 * Prints the images for a completion; nothing if the cloud does not respond.
 *
 * @param args the prefix, and the words of the command line before it
 * @param timeLimit in milliseconds
 */
export async function completeImages(
  [prefix = "", ...words]: readonly string[],
  system: System,
  timeLimit: number = TIME_LIMIT,
): Promise<void> {
  const flags = cloudFlags(words);
  if (flags === null) return;
  const end = new AbortController();
  const timer = setTimeout(() => end.abort("the time is over"), timeLimit);
  const stdout = new TextOutput();
  try {
    const list = ["image-list", "--json", "--limit", String(MAX_IMAGES), "--outage-timeout", "0"];
    const code = await runGlance([...list, ...flags], {
      ...system,
      stdout,
      stderr: new TextOutput(),
      signal: AbortSignal.any([system.signal, end.signal]),
    });
    const offered = code === 0 ? offeredWords(JSON.parse(stdout.text), prefix) : [];
    if (offered.length > 0) await printText({ system }, offered.join("\n")).catch(() => {});
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The flags of the command line that choose the cloud; null if there are others: a completion must not sign in to
 * another cloud than the command will. Bash makes a word of its own of each `=`.
 */
function cloudFlags(words: readonly string[]): string[] | null {
  const flags: string[] = [];
  const rest = words.filter((word) => word !== "=").values();
  for (const word of rest) {
    const [written = "", inline] = word.split(/=(.*)/s);
    const name = written.replaceAll("_", "-");
    if (!name.startsWith("--os-")) continue;
    const value = inline ?? rest.next().value ?? "";
    // Anything else is still to be expanded or unquoted by the shell.
    if (!KEPT_FLAGS.includes(name) || !/^[\w.-]+$/.test(value)) return null;
    flags.push(`${name}=${value}`);
  }
  return flags;
}

/**
 * The completion for each image: its name, or its id if the prefix is that of the id, or the name is missing, not unique,
 * or cannot be typed.
 */
export function offeredWords(images: readonly NamedImage[], prefix: string): string[] {
  const counts = new Map<string, number>();
  for (const { name } of images) counts.set(name ?? "", (counts.get(name ?? "") ?? 0) + 1);
  const isName = (name: string) =>
    counts.get(name) === 1 && !/^(-|$)/.test(name) && printable(name) === name && !isImageId(name);
  const isIdTyped = /^[0-9a-f]+[0-9a-f-]*$/i.test(prefix);
  return images
    .flatMap(({ id, name }) => isName(name ?? "") ? [name ?? "", ...isIdTyped ? [id] : []] : [id])
    .filter((word) => word.startsWith(prefix));
}

/** Keeps what is written. */
class TextOutput implements Output {
  readonly isTerminal = false;
  readonly columns = null;
  text = "";
  readonly #decoder = new TextDecoder();

  write(bytes: Uint8Array): Promise<void> {
    this.text += this.#decoder.decode(bytes, { stream: true });
    return Promise.resolve();
  }
}
