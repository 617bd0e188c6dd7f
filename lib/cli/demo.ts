/**
 * `deno task demo`: the whole story in a few lines. Two servers of one cloud; an image goes up, one
 * server dies while it comes down, and every byte arrives all the same.
 *
 * @module
 */
import { connect, type Connection, type GlanceEvent } from "../../mod.ts";
import { createEmbeddedGlance, memoryStore } from "../embedded/mod.ts";
import { denoWorld, endingSignal } from "./system/deno_system.ts";
import { CommandFailed, EXIT, exitCodeOf, sentenceOf } from "./system/errors.ts";
import { Messages } from "./system/console.ts";
import { printText } from "./output/records.ts";
import { formatBytes } from "./output/progress.ts";
import { sampleBytes } from "./server/sample.ts";
import { type RunningServer, serve } from "./server/serve.ts";
import type { Bytes, System } from "./system/system.ts";

/** Bytes of the image: far more than what sockets hold on their way. */
const SIZE = 64 * 1024 ** 2;

/** Bytes after which the server dies. */
const HALF_WAY = SIZE / 4;

/** Tells the story; gives the exit code. */
export async function runDemo(system: System): Promise<number> {
  const messages = new Messages(system.stderr);
  const store = memoryStore();
  const servers = [1, 2].map(() =>
    serve(createEmbeddedGlance({ store }).fetch, { host: "127.0.0.1", port: 0 })
  );
  try {
    await tell(servers, system);
    return EXIT.ok;
  } catch (error) {
    messages.line(sentenceOf(system.signal.aborted ? system.signal.reason : error));
    return exitCodeOf(system.signal.aborted ? system.signal.reason : error);
  } finally {
    await Promise.all(servers.map((server) => server.kill()));
    await messages.flush();
  }
}

async function tell(servers: readonly RunningServer[], system: System): Promise<void> {
  const say = (text: string) => printText({ system }, text);
  const urls = servers.map(({ url }) => url);
  const resumes: Extract<GlanceEvent, { kind: "resume" }>[] = [];
  const { service, context } = await connect({
    // With the servers named so, no clouds.yaml of the user is looked for.
    environment: { GLANCE_API_SERVERS: urls.join(",") },
    onEvent: (event) => event.kind === "resume" && resumes.push(event),
  });
  await say(`Two servers, one cloud: ${urls.join(" and ")}`);

  const bytes = sampleBytes(SIZE);
  const { signal } = system;
  const meta = { name: "demo", diskFormat: "raw", containerFormat: "bare" };
  const { id, osHashAlgo } = await service.create(context, meta, bytes, { signal });
  await say(`Uploaded "demo", ${formatBytes(SIZE)}; its ${osHashAlgo} is that of what was sent`);

  const [listed] = await service.detail(context, { filters: { name: "demo" } });
  check(listed?.id === id && listed.status === "active", "list the image");
  await say(`Listed ${listed?.id}: ${listed?.name}, ${listed?.status}`);

  await download({ service, context }, { id, bytes, servers, say, signal });
  const resume = resumes.at(0);
  check(resume !== undefined, "go on after the server had died");
  await say(`Went on at byte ${resume?.offset} from ${resume?.server}`);
  await say(`Downloaded ${formatBytes(SIZE)}: every byte once, and the ${osHashAlgo} is right`);

  await service.delete(context, id);
  check((await service.detail(context)).length === 0, "delete the image");
  await say("Deleted it. That is all: a download that has started will finish.");
}

/** What a download needs. */
interface Act {
  readonly id: string;
  /** What must arrive. */
  readonly bytes: Bytes;
  readonly servers: readonly RunningServer[];
  readonly signal: AbortSignal;
  say(text: string): Promise<void>;
}

/** Downloads, while the server at the other end dies. */
async function download(
  { service, context }: Pick<Connection, "service" | "context">,
  { id, bytes, servers, signal, say }: Act,
): Promise<void> {
  let from = "";
  const stream = await service.download(context, id, {
    verify: "required",
    signal,
    onProgress: ({ server }) => from = server,
  });
  let offset = 0;
  let isDying = false;
  for await (const chunk of stream) {
    const expected = bytes.subarray(offset, offset += chunk.byteLength);
    check(chunk.every((byte, i) => byte === expected[i]), `receive the bytes before ${offset}`);
    if (isDying || offset < HALF_WAY) continue;
    isDying = true;
    await servers.find(({ url }) => url === from)?.kill();
    await say(`Stopped ${from} after ${formatBytes(offset)} of the download`);
  }
  check(offset === SIZE, "receive all bytes");
}

function check(isRight: boolean, what: string): void {
  if (isRight) return;
  throw new CommandFailed(`Cannot ${what}: the demonstration has failed; please report it`);
}

if (import.meta.main) Deno.exit(await runDemo(denoWorld(endingSignal())));
