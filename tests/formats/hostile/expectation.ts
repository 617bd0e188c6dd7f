/**
 * The result of oslo.utils 10.1.1 for an image, computed from all of its bytes: the formats that match, and why
 * it is refused. It is written from the rules and shares no code with lib.
 */
import { KIB, SECTOR } from "../images/layout.ts";
import { vhdxRefusals } from "./vhdx_rules.ts";
import { descriptorText, vmdkRefusals } from "./vmdk_rules.ts";
import { has, readerOf } from "./reader.ts";

export interface Expectation {
  readonly formats: readonly string[];
  /** Empty if the image is accepted. */
  readonly refusals: readonly string[];
}

/** A format: null if it does not match, else why the image is refused. */
type Rule = (image: Uint8Array) => string[] | null;

const RULES: Readonly<Record<string, Rule>> = {
  qcow2: (image) =>
    image.length >= SECTOR && has(image, 0, "QFI\xfb") ? qcow2Refusals(image) : null,
  qed: (image) => image.length >= SECTOR && has(image, 0, "QED\0") ? ["forbidden"] : null,
  vhd: (image) => has(image, 0, "conectix") ? shorterThan(image, SECTOR) : null,
  vhdx: (image) => has(image, 0, "vhdxfile") ? vhdxRefusals(image) : null,
  vmdk: (image) => {
    if (has(image, 0, "KDMV")) return vmdkRefusals(image);
    return descriptorText(image) === null ? null : ["a descriptor alone"];
  },
  vdi: (image) => image.length >= SECTOR && has(image, 0x40, "\x7f\x10\xda\xbe") ? [] : null,
  iso: (image) => {
    const identifiers = ["CD001", "NSR02", "NSR03"];
    const isVolume = identifiers.some((identifier) => has(image, 32 * KIB + 1, identifier));
    return image.length >= 34 * KIB && isVolume ? [] : null;
  },
  gpt: (image) => {
    const isFat = image[0x10] === 2 && image[0x15] === 0xf8;
    return has(image, 510, "\x55\xaa") && !isFat ? partitionRefusals(image) : null;
  },
  luks: (image) => {
    if (!has(image, 0, "LUKS\xba\xbe")) return null;
    return has(image, 6, "\0\x01") ? shorterThan(image, 592) : ["version"];
  },
};

export function expectationOf(image: Uint8Array): Expectation {
  const found = Object.entries(RULES).flatMap(([format, rule]) => {
    const refusals = rule(image);
    return refusals === null ? [] : [{ format, refusals }];
  });
  const formats = found.map(({ format }) => format);
  if (formats.join() === "iso,gpt") return { formats, refusals: [] };
  const several = formats.length > 1 ? [`several formats: ${formats}`] : [];
  return { formats, refusals: [...several, ...found.flatMap(({ refusals }) => refusals)] };
}

function shorterThan(image: Uint8Array, length: number): string[] {
  return image.length < length ? ["incomplete"] : [];
}

function qcow2Refusals(image: Uint8Array): string[] {
  const { byte, u32be } = readerOf(image);
  const version = u32be(4);
  const refusals = [];
  if (image.subarray(8, 16).some((value) => value > 0)) refusals.push("backing file");
  // Upstream tests this bit in version 2 as well.
  if ((byte(0x4f) & 4) > 0) refusals.push("data file");
  if (version !== 2 && version !== 3) refusals.push("version");
  const unknown = image.subarray(72, 79).some((value) => value > 0) || byte(0x4f) > 15;
  if (version === 3 && unknown) refusals.push("unknown features");
  return refusals;
}

function partitionRefusals(image: Uint8Array): string[] {
  const { byte, u32le } = readerOf(image);
  const entries = [446, 462, 478, 494].map((at) => ({
    flag: byte(at),
    start: [byte(at + 1), byte(at + 2), byte(at + 3)].join(),
    type: byte(at + 4),
    first: u32le(at + 8),
  }));
  const used = entries.filter(({ type }) => type !== 0);
  const protecting = entries.filter(({ type }) => type === 0xee);
  const refusals = [];
  if (entries.some(({ flag }) => flag !== 0 && flag !== 0x80)) refusals.push("boot flag");
  if (used.length === 0) refusals.push("no partition");
  if (protecting.some(({ start, first }) => start !== "0,2,0" || first !== 1)) {
    refusals.push("start");
  }
  if (protecting.length > 0 && (used.length > 1 || entries[0]?.type !== 0xee)) {
    refusals.push("extra");
  }
  return refusals;
}
