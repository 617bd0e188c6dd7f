/** What a row of the table runs with: networks, images, programs, and their times. */
import type { BenchImage } from "../bench_image.ts";
import type { Line } from "./lines.ts";
import { type Ended, type Link, Network } from "./network.ts";
import { type Files, Server } from "./servers.ts";

/** What a row runs with. */
export interface Lab extends Files {
  readonly emulator: string;
  /** Number of the round, from 0. */
  readonly round: number;
  /** An image of so many MiB. */
  image(mib: number): Promise<BenchImage>;
}

/** Measures a row once. */
export type MeasureRow = (lab: Lab) => Promise<readonly Line[]>;

/** A network with an nginx on each server. */
export async function openServed(
  { emulator, ...files }: Lab,
  servers: number,
  link: Link,
  image: BenchImage,
): Promise<{ network: Network; servers: readonly Server[] } & AsyncDisposable> {
  const network = await Network.open(emulator, servers, link);
  const started: Server[] = [];
  try {
    for (let i = 0; i < servers; i++) started.push(await Server.start(network, i, files, image));
  } catch (error) {
    await network[Symbol.asyncDispose]();
    throw error;
  }
  return {
    network,
    servers: started,
    [Symbol.asyncDispose]: () => network[Symbol.asyncDispose](),
  };
}

/** Seconds that a transfer of an image needs at least. */
export function secondsFor({ size }: BenchImage, { rate, rtt }: Link): number {
  return size * 8 / (rate * 1e6) + rtt / 1000;
}

/** Seconds of a command; Infinity if it failed, or if its file is not the image. */
export async function timeOf(ended: Ended, image?: BenchImage, file?: string): Promise<number> {
  if (!ended.isSuccess) {
    console.error(`A command failed after ${ended.seconds.toFixed(1)} s: ${ended.stderr.trim()}`);
    return Infinity;
  }
  if (image === undefined || file === undefined) return ended.seconds;
  const { success: isSame } = await new Deno.Command("cmp", { args: [image.path, file] }).output();
  await Deno.remove(file);
  return isSame ? ended.seconds : Infinity;
}

/** The arguments of a verified download into a file. */
export function downloadArgs(id: string, file: string, connections: string): readonly string[] {
  return ["image-download", id, "--file", file, "--restart", "--connections", connections];
}

/** aria2c with connections to all servers. */
export function ariaArgv(urls: readonly string[], file: string, connections: number): string[] {
  const name = file.slice(file.lastIndexOf("/") + 1);
  return [
    ...["aria2c", "-q", `-x${connections}`, `-s${connections}`, "-k1M", "--file-allocation=none"],
    ...["--allow-overwrite=true", "-d", file.slice(0, -name.length), "-o", name, ...urls],
  ];
}
