/** A real Glance, against the other clients that it has. */
import { connect } from "../../mod.ts";
import { LIVE_PACKAGES, requirePackages } from "../live/packages.ts";
import { type LiveStack, startStack } from "../live/stack.ts";
import { CinderDownloads } from "./cinder.ts";
import { measure, skipped } from "./measure.ts";
import { checkCount, countingSink, IMAGE_SIZE, type Report, ROUNDS, shell } from "./report.ts";

const SIZE = Math.min(IMAGE_SIZE, 2 ** 29);

const JOB = `download from Glance, ${SIZE / 2 ** 20} MiB, verified`;

/** Verified downloads: service against service, and command against command. */
export async function glanceReport(): Promise<Report> {
  try {
    await requirePackages(LIVE_PACKAGES);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { results: [skipped(JOB, "other clients", reason)] };
  }
  await using stack = await startStack();
  const environment = stack.environment("alice");
  const { service, context } = await connect({ environment });
  const meta = { name: "bench", diskFormat: "raw", containerFormat: "bare" };
  const { id } = await service.create(context, meta, randomBytes(), { size: SIZE });
  await using cinder = await CinderDownloads.start({
    servers: [stack.glanceUrls[0]],
    image: id,
    ...await stack.token("alice"),
  });
  const byService = async () => {
    const { sink, count } = countingSink();
    await service.download(context, id, sink as WritableStream<Uint8Array<ArrayBuffer>>, {
      verify: "required",
    });
    checkCount(count(), SIZE);
  };
  const against = { name: "cinder's service", run: () => cinder.run() };
  const ours = { name: "service", run: byService };
  const first = await measure({ name: JOB, ours, against, reach: 1, rounds: ROUNDS });
  return { results: [first, ...await commandResults(stack, id)] };
}

async function commandResults(stack: LiveStack, id: string) {
  const environment = stack.environment("alice");
  const file = `${stack.directory}/bench-file`;
  const main = `${import.meta.dirname}/../../lib/cli/main.ts`;
  const allowed = "--allow-net --allow-env --allow-read --allow-write --allow-sys";
  const run = (command: string) => async () => {
    await shell(command, environment);
    checkCount((await Deno.stat(file)).size, SIZE);
    await Deno.remove(file);
  };
  const ours = {
    name: "image-download",
    run: run(`${Deno.execPath()} run ${allowed} ${main} image-download ${id} --file ${file}`),
  };
  const peers = [
    { name: "glance image-download", command: `image-download --file ${file} ${id}`, reach: 2 },
    { name: "openstack image save", command: `image save --file ${file} ${id}`, reach: 4 },
  ];
  const results = [];
  for (const { name, command, reach } of peers) {
    const program = name.split(" ")[0];
    const against = { name, run: run(`${program} ${command}`) };
    results.push(
      await measure({
        name: "the same by command, to a file",
        ours,
        against,
        reach,
        rounds: ROUNDS,
      }),
    );
  }
  return results;
}

/** Bytes that no compression would help, a new mebibyte each. */
async function* randomBytes(): AsyncGenerator<Uint8Array> {
  const block = new Uint8Array(65_536);
  for (let given = 0; given < SIZE; given += block.byteLength) {
    crypto.getRandomValues(block);
    yield await Promise.resolve(block.slice(0, Math.min(block.byteLength, SIZE - given)));
  }
}
