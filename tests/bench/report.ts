/** The results of a group of benchmarks, and their common options. */
import type { Result } from "./measure.ts";

/** Rows of the table, and notes. */
export interface Report {
  readonly results: readonly Result[];
  readonly lines?: readonly string[];
}

/** Benches that belong together. */
export type Group = () => Promise<Report>;

const env = (name: string, otherwise: number) => Number(Deno.env.get(name) ?? otherwise);

/** Bytes of the image that is downloaded. */
export const IMAGE_SIZE: number = env("BENCH_SIZE", 2 ** 30);

/** Bytes of the image that memory must not grow with. */
export const LARGE_SIZE: number = env("BENCH_LARGE_SIZE", 10 * 2 ** 30);

/** Bytes of the image that the page uploads and downloads. */
export const PAGE_SIZE: number = env("BENCH_PAGE_SIZE", 5 * 2 ** 30);

/** How often each peer runs. */
export const ROUNDS: number = env("BENCH_ROUNDS", 3);

/** Runs a shell command; its output is dropped. */
export async function shell(
  command: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const options = { args: ["-c", command], stdout: "null", stderr: "piped", env: environment };
  const { success, stderr } = await new Deno.Command("bash", options as Deno.CommandOptions)
    .output();
  if (!success) throw new Error(`failed: ${command}\n${new TextDecoder().decode(stderr)}`);
}

/** Whether a program is installed. */
export async function isInstalled(program: string): Promise<boolean> {
  return await shell(`command -v ${program}`).then(() => true, () => false);
}

/** A sink that counts. */
export function countingSink(): { sink: WritableStream<Uint8Array>; count: () => number } {
  let count = 0;
  const sink = new WritableStream<Uint8Array>({
    write: (chunk) => void (count += chunk.byteLength),
  });
  return { sink, count: () => count };
}

/** @throws {Error} if bytes are missing */
export function checkCount(count: number, size: number): void {
  if (count !== size) throw new Error(`${count} bytes instead of ${size}`);
}
