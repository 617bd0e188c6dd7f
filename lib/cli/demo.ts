/**
 * `deno task demo`: uploads an image to one of two servers, stops a server in the middle of the download, and
 * shows that the download continues from the other one.
 */
import { connect, type Connection, type GlanceEvent } from "../../mod.ts";
import { createEmbeddedGlance, memoryStorage } from "../embedded/mod.ts";
import { denoSystem } from "./system/deno_system.ts";
import { endingSignal } from "./system/ending_signal.ts";
import { CommandFailed, EXIT, exitCodeOf, sentenceOf } from "./system/errors.ts";
import { Messages } from "./system/console.ts";
import { printText } from "./output/records.ts";
import { formatBytes } from "./output/units.ts";
import { sampleBytes } from "./server/sample.ts";
import { type RunningServer, serve } from "./server/serve.ts";
import type { Bytes, System } from "./system/system.ts";

/** Size of the image in bytes: much more than socket buffers hold. */
const SIZE = 64 * 1024 ** 2;

/** Bytes after which the server is stopped. */
const STOP_AFTER = SIZE / 4;

/** Runs the demonstration. Returns the exit code. */
export async function runDemo(system: System): Promise<number> {
  const messages = new Messages(system.stderr);
  const storage = memoryStorage();
  const servers = [1, 2].map(() =>
    serve(createEmbeddedGlance({ storage }).fetch, { host: "127.0.0.1", port: 0 })
  );
  try {
    await runSteps(servers, system);
    return EXIT.ok;
  } catch (error) {
    messages.line(sentenceOf(system.signal.aborted ? system.signal.reason : error));
    return exitCodeOf(system.signal.aborted ? system.signal.reason : error);
  } finally {
    await Promise.all(servers.map((server) => server.kill()));
    await messages.flush();
  }
}

async function runSteps(servers: readonly RunningServer[], system: System): Promise<void> {
  const say = (text: string) => printText({ system }, text);
  const urls = servers.map(({ url }) => url);
  const resumes: Extract<GlanceEvent, { kind: "resume" }>[] = [];
  const { service, context } = await connect({
    // The clouds.yaml of the user is not read if servers are given.
    environment: { GLANCE_API_SERVERS: urls.join(",") },
    onEvent: (event) => event.kind === "resume" && resumes.push(event),
  });
  await say(`Two servers, one cloud: ${urls.join(" and ")}`);

  const bytes = sampleBytes(SIZE);
  const { signal } = system;
  const meta = { name: "demo", diskFormat: "raw", containerFormat: "bare" };
  const { id, osHashAlgo } = await service.create(context, meta, bytes, { signal });
  await say(`Uploaded "demo", ${formatBytes(SIZE)}; its ${osHashAlgo} matches the data sent`);

  const [listed] = await service.detail(context, { filters: { name: "demo" } });
  check(listed?.id === id && listed.status === "active", "list the image");
  await say(`Listed ${listed?.id}: ${listed?.name}, ${listed?.status}`);

  await download({ service, context }, { id, bytes, servers, say, signal });
  const resume = resumes.at(0);
  check(resume !== undefined, "resume after the server has stopped");
  await say(`Resumed at byte ${resume?.offset} from ${resume?.server}`);
  await say(`Downloaded ${formatBytes(SIZE)}: every byte once, and the ${osHashAlgo} is verified`);

  await service.delete(context, id);
  check((await service.detail(context)).length === 0, "delete the image");
  await say("Deleted the image. A download that has started finishes, even if its server stops.");
}

/** Parameters of the download. */
interface DownloadStep {
  readonly id: string;
  /** The expected data. */
  readonly bytes: Bytes;
  readonly servers: readonly RunningServer[];
  readonly signal: AbortSignal;
  say(text: string): Promise<void>;
}

/** Downloads the image and stops the server that sends it. */
async function download(
  { service, context }: Pick<Connection, "service" | "context">,
  { id, bytes, servers, signal, say }: DownloadStep,
): Promise<void> {
  let from = "";
  const stream = await service.download(context, id, {
    verify: "required",
    signal,
    onProgress: ({ server }) => from = server,
  });
  let offset = 0;
  let isStopped = false;
  for await (const chunk of stream) {
    const expected = bytes.subarray(offset, offset += chunk.byteLength);
    check(chunk.every((byte, i) => byte === expected[i]), `receive the bytes before ${offset}`);
    if (isStopped || offset < STOP_AFTER) continue;
    isStopped = true;
    await servers.find(({ url }) => url === from)?.kill();
    await say(`Stopped ${from} after ${formatBytes(offset)} of the download`);
  }
  check(offset === SIZE, "receive all bytes");
}

function check(isRight: boolean, what: string): void {
  if (isRight) return;
  throw new CommandFailed(`Cannot ${what}: the demonstration has failed; report it as a bug`);
}

if (import.meta.main) Deno.exit(await runDemo(denoSystem(endingSignal())));
