/** Commands that create an image, interrupted at each of their requests: no image is left that no message names. */
import { assert, assertEquals } from "@std/assert";
import { inDirectory } from "../support/directory.ts";
import { Interrupted } from "../../lib/cli/system/errors.ts";
import { CliHarness, embedded, type Fetch } from "./harness.ts";
import { MemoryFiles } from "./memory_files.ts";

/** The record of `disk.img`. */
const RECORD = JSON.stringify({ name: "old", diskFormat: "raw", containerFormat: "bare" });
const DISK = new TextEncoder().encode("the bytes of a disk");
const RAW = "--disk-format raw --container-format bare";

/** Two clouds in one Glance: the copy of an image is created next to it. */
const CLOUDS = {
  clouds: {
    here: { auth_type: "none", image_endpoint_override: "http://here.test" },
    there: { auth_type: "none", image_endpoint_override: "http://there.test" },
  },
};

/** Command lines that create an image. */
const COMMAND_LINES: readonly string[] = [
  "image-create --name new",
  `image-create --name new ${RAW} --file disk.img`,
  `image-create --name new ${RAW} --file disk.img --protected true`,
  `image-create --name new ${RAW} --file disk.img --store local`,
  "image-create --name new --from http://mirror.test/disk.img",
  `image-create --name new ${RAW} --file disk.img --decompress auto`,
  "image-create-via-import --name new",
  `image-create-via-import --name new ${RAW} --file disk.img`,
  `image-create-via-import --name new ${RAW} --file disk.img --wait`,
  `image-create-via-import --name new ${RAW} --import-method web-download --uri http://mirror.test/disk.img`,
  "image-copy source --to-cloud there --name new",
  "image-restore disk.img --name new",
];

/** Whether the interruption comes before Glance gets the request, or before its response arrives. */
type Moment = "request" | "response";

/** The images that exist after an interrupted command, and its outcome. */
interface Remains {
  readonly images: readonly { readonly id: string; readonly name: string; status: string }[];
  readonly code: number;
  readonly stderr: string;
  /** The interrupted request; undefined if the command has sent fewer requests. */
  readonly interrupted: string | undefined;
}

async function interrupt(line: string, place: number, moment: Moment): Promise<Remains> {
  const glance = embedded();
  const stop = new AbortController();
  let left = Infinity;
  let interrupted: string | undefined;
  const fetch: Fetch = async (request) => {
    const { host, pathname } = new URL(request.url);
    const respond = () =>
      host === "mirror.test" ? Promise.resolve(new Response(DISK)) : glance(request);
    if (--left !== 0) return await respond();
    interrupted = `${request.method} ${pathname}`;
    const interruption = () => stop.abort(new Interrupted("SIGINT"));
    if (moment === "request") interruption();
    const response = await respond();
    interruption();
    return response;
  };
  const harness = new CliHarness(fetch);
  return await inDirectory(async (folder) => {
    await Deno.writeTextFile(`${folder}/clouds.json`, JSON.stringify(CLOUDS));
    const environment = { OS_CLIENT_CONFIG_FILE: `${folder}/clouds.json`, OS_CLOUD: "here" };
    const files = new MemoryFiles({ "disk.img": DISK, "disk.img.json": RECORD });
    const run = (text: string, signal?: AbortSignal) =>
      harness.run(text.split(" "), { environment, files, ...signal && { signal } });
    const source = await run(`image-create --name source ${RAW} --file disk.img`);
    assertEquals([source.code, source.stderr], [0, ""]);
    left = place;
    const { code, stderr } = await run(line, stop.signal);
    left = Infinity;
    const { stdout } = await run("image-list --json");
    return { images: JSON.parse(stdout), code, stderr, interrupted };
  });
}

for (const line of COMMAND_LINES) {
  Deno.test(`${line} leaves no unnamed image when it is interrupted at a request`, async (t) => {
    let isOver = false;
    for (let place = 1; !isOver; place++) {
      for (const moment of ["request", "response"] as const) {
        const { images, code, stderr, interrupted } = await interrupt(line, place, moment);
        isOver = interrupted === undefined;
        if (isOver) continue;
        await t.step(`at the ${moment} of request ${place}, ${interrupted}`, () => {
          assert(code === 130 || code === 0, `code ${code}: ${stderr}`);
          const created = images.filter(({ name }) => name === "new");
          // A command that was not interrupted prints the image itself.
          const unnamed = created.filter(({ id }) => code !== 0 && !stderr.includes(id));
          assertEquals(unnamed, [], stderr);
        });
      }
    }
  });
}
