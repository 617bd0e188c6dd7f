/** Inspects damaged images, and compares what is found with the rules and with other chunks. */
import {
  type ImageConsumer,
  type ImageInspection,
  ImageInspector,
  verdictFor,
} from "../../../lib/formats/mod.ts";
import { between, seededRandom } from "../../support/seed.ts";
import { KIB, MIB } from "../images/layout.ts";
import { expectationOf } from "./expectation.ts";
import { mutantOf } from "./mutations.ts";

const CONSUMERS: readonly ImageConsumer[] = ["glance", "nova", "ironic", "cinder"];

/** What was found out about the images of a campaign. */
export interface CampaignResult {
  /** How many images were accepted and refused: a campaign with one kind only proves little. */
  readonly accepted: number;
  readonly refused: number;
  /** Images by format. */
  readonly formats: Readonly<Record<string, number>>;
  /** What is wrong, with the seed of the image. */
  readonly faults: readonly string[];
}

/** Inspects the images of consecutive seeds; ends after ten faults. */
export function inspectMutants(firstSeed: number, count: number): CampaignResult {
  const counts = { accepted: 0, refused: 0 };
  const formats: Record<string, number> = {};
  const faults: string[] = [];
  for (let seed = firstSeed; seed < firstSeed + count && faults.length < 10; seed++) {
    const { image, description } = mutantOf(seed);
    try {
      const inspection = inspectIn(image, () => image.length);
      counts[inspection.isSafe ? "accepted" : "refused"]++;
      formats[inspection.format] = (formats[inspection.format] ?? 0) + 1;
      const found = [...faultsOf(image, inspection), ...chunkFaults(image, inspection, seed)];
      faults.push(...found.map((fault) => `seed ${seed} (${description}): ${fault}`));
    } catch (error) {
      faults.push(`seed ${seed} (${description}): it throws ${error}`);
    }
  }
  return { ...counts, formats, faults };
}

/** What contradicts the rules. */
function faultsOf(image: Uint8Array, inspection: ImageInspection): string[] {
  const { format, formats, isSafe, failures, virtualSize } = inspection;
  const expected = expectationOf(image);
  const faults = [];
  const missed = expected.formats.filter((name) => !formats.includes(name));
  if (missed.length > 0) faults.push(`${missed} is taken for ${formats}`);
  if (expected.refusals.length > 0 && isSafe) faults.push(`accepted although ${expected.refusals}`);
  if (isSafe !== (failures.length === 0)) faults.push("isSafe contradicts the failures");
  if (!formats.includes(format)) faults.push(`${format} is not one of ${formats}`);
  if (formats.includes("raw") && formats.length > 1) faults.push("raw is not alone");
  if (inspection.bytesRead !== image.length) faults.push(`${inspection.bytesRead} bytes are read`);
  if (!isValidSize(virtualSize)) faults.push(`the size is ${virtualSize}`);
  const takers = isSafe ? [] : CONSUMERS.filter((by) => !isUnknownTo(by, formats))
    .filter((by) => verdictFor(inspection, format, by).accepted);
  if (takers.length > 0) faults.push(`${takers} accepts an unsafe image`);
  return faults;
}

/** The inspector of Cinder is older: for it, these are raw data, which it does not check. */
function isUnknownTo(consumer: ImageConsumer, formats: readonly string[]): boolean {
  return consumer === "cinder" &&
    formats.every((format) => ["iso", "gpt", "luks"].includes(format));
}

function isValidSize(size: number | bigint | null): boolean {
  if (typeof size === "bigint") return size > BigInt(Number.MAX_SAFE_INTEGER);
  return size === null || Number.isSafeInteger(size) && size >= 0;
}

/** What depends on the chunks. */
function chunkFaults(image: Uint8Array, whole: ImageInspection, seed: number): string[] {
  const random = seededRandom(seed);
  const fixed = [17, 512, 64 * KIB][seed % 3] ?? 1;
  const sizes = {
    [`chunks of ${fixed}`]: () => fixed,
    "random chunks": () => between(random, 0, 9_000),
  };
  return Object.entries(sizes).flatMap(([name, nextSize]) => {
    const inspection = inspectIn(image, nextSize);
    const difference = Deno.inspect(inspection) !== Deno.inspect(whole);
    return difference ? [`${name}: ${Deno.inspect(inspection)}, not ${Deno.inspect(whole)}`] : [];
  });
}

/** Reused for all chunks: what an inspector keeps must be a copy. */
const CHUNK = new Uint8Array(2 * MIB);

/** @throws {Error} if too much is kept, or an early verdict is better than the last one */
function inspectIn(image: Uint8Array, nextSize: () => number): ImageInspection {
  const inspector = new ImageInspector();
  let early: ImageInspection | null = null;
  for (let offset = 0; offset < image.length;) {
    const part = image.subarray(offset, offset + nextSize());
    offset += part.length;
    CHUNK.set(part);
    inspector.update(CHUNK.subarray(0, part.length));
    CHUNK.fill(0xff, 0, part.length);
    const limit = image[0] === 0x4b || image[0] === 0x23 ? 1.5 * MIB : 512 * KIB;
    if (inspector.bufferedBytes > limit) {
      throw new Error(`${inspector.bufferedBytes} bytes are kept`);
    }
    if (offset >= 256 * KIB && !inspector.isDecided) throw new Error("256 KiB do not suffice");
    if (inspector.isDecided) early ??= inspector.preview();
  }
  const last = inspector.finish();
  const formats = early?.formats.join() ?? last.formats.join();
  if (formats !== last.formats.join()) throw new Error(`${formats} becomes ${last.formats}`);
  if (last.isSafe && early?.isSafe === false) throw new Error("an early refusal is withdrawn");
  return last;
}
