/** The memory of a download, for any size of the image. */
import { type BenchImage, emptyImage, randomImage } from "./bench_image.ts";
import { limited, type Result } from "./measure.ts";
import { type Origin, startOrigin } from "./origin.ts";
import { IMAGE_SIZE, LARGE_SIZE, type Report } from "./report.ts";

const MIB = 2 ** 20;

/** Mebibytes above the idle process. */
const AIM = 64;

/** Mebibytes of a part, each connection's window. */
const PART = 8;

const CONNECTIONS = 4;

/** One and several connections, and with a hash. */
export async function memoryReport(): Promise<Report> {
  await using large = await emptyImage(LARGE_SIZE);
  await using small = await randomImage(IMAGE_SIZE);
  return {
    results: [
      await peakOf(large, 1, "by size"),
      await peakOf(small, 1, "sha512"),
      await peakOf(large, CONNECTIONS, "by size"),
    ],
  };
}

async function peakOf(image: BenchImage, connections: number, how: string): Promise<Result> {
  await using origin = await startOrigin(image);
  const plural = connections === 1 ? "" : `, ${connections} connections`;
  const gib = (image.size / 2 ** 30).toFixed(1);
  return limited({
    name: `peak memory above idle, ${gib} GiB ${how}${plural}`,
    values: [await readInChild(origin, connections)],
    unit: "MiB",
    atMost: AIM + (connections === 1 ? 0 : connections * PART),
  });
}

async function readInChild({ url, imageId }: Origin, connections: number): Promise<number> {
  const script = `${import.meta.dirname}/memory_reader.ts`;
  const args = ["run", "-A", script, url, imageId, `${connections}`];
  const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" })
    .output();
  if (!success) throw new Error("The reader failed");
  const { idle, peak } = JSON.parse(new TextDecoder().decode(stdout));
  return (peak - idle) / MIB;
}
