import { optionPart } from "../../lib/message_parts.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { GlanceError } from "../../mod.ts";
import { causesOf, sentenceOf } from "../../lib/cli/system/errors.ts";
import { Interrupted } from "../../lib/cli/mod.ts";
import { CliHarness, type CliHarnessOptions, embedded } from "./harness.ts";
import { MemoryFiles } from "./memory_files.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const OTHER_ID = "22222222-2222-4222-8222-222222222222";
const NO_ID = "33333333-3333-4333-8333-333333333333";

/** A command line that fails, its circumstances, and its message. */
interface Case {
  readonly args: readonly string[];
  readonly code?: number;
  /** All of standard error, without its line end; `…` matches any text. */
  readonly message: string;
  readonly harness?: CliHarnessOptions;
}

const RAW = ["--disk-format", "raw", "--container-format", "bare"] as const;

/** Files that cannot be read or written, for different reasons. */
function brokenFiles(): MemoryFiles {
  const files = new MemoryFiles({ "disk.img": "data", "secret.img": "data" });
  files.directories.add("folder");
  files.broken.set("secret.img", "EACCES");
  files.broken.set("locked/x.part", "EACCES");
  files.broken.set("cdrom/x.part", "EROFS");
  files.broken.set("nowhere/x.part", "ENOENT");
  files.broken.set("busy.part", "EWOULDBLOCK");
  return files;
}

const unreachable = () =>
  Promise.reject(new TypeError("error sending request for url (http://me:pw@glance.test:9292/)"));

const CASES: Readonly<Record<string, Case>> = {
  "a preferred store that does not exist": {
    args: ["image-download", NO_ID, "--prefer", "local,nope"],
    message: 'Cannot use the store "nope": this cloud has "local"; choose one of them',
  },
  "an unknown id": {
    args: ["image-show", NO_ID],
    message:
      `Cannot show image "${NO_ID}": the server responded with 404, "…${NO_ID}"; check the image id: it does not exist, or you cannot see it (req-…)`,
  },
  "an unknown name": {
    args: ["image-show", "nobody"],
    message:
      'Cannot find image "nobody": no image with this id or name is visible to you; see "glance-edge image-list"',
  },
  "an id with a slash": {
    args: ["image-show", `${ID}/file`],
    message:
      `Cannot find image "${ID}/file": no image with this id or name is visible to you; see "glance-edge image-list"`,
  },
  "an id that leads upwards": {
    args: ["image-delete", "../../tasks"],
    message:
      'Cannot find image "../../tasks": no image with this id or name is visible to you; see "glance-edge image-list"',
  },
  "a tag that leads upwards": {
    args: ["image-tag-delete", ID, ".."],
    message:
      `Cannot delete tag ".." of image "${ID}": the image does not have it; see "glance-edge image-show ${ID}"`,
  },
  "a name that two images have": {
    args: ["image-download", "twin", "--file", "x"],
    message:
      `Cannot choose image "twin": several images have this name (…${OTHER_ID}…); pass the id of one of them`,
  },
  "a name of 300 characters": {
    args: ["image-create", "--name", "n".repeat(300)],
    message: 'Cannot create an image "nnn…": the server responded with 400, "…" (req-…)',
  },
  "an invalid id": {
    args: ["image-create", "--id", "mine"],
    message: 'Cannot create an image: the server responded with 400, "…" (req-…)',
  },
  "an id that is taken": {
    args: ["image-create", "--id", ID],
    message:
      'Cannot create an image: the server responded with 409, "…"; choose another id, or omit it (req-…)',
  },
  "a property without a value": {
    args: ["image-update", ID, "--property", "novalue"],
    code: 2,
    message: 'Cannot use "--property novalue": it must have the form KEY=VALUE',
  },
  "a property without a name": {
    args: ["image-create", "--property", "=x"],
    code: 2,
    message: 'Cannot use "--property =x": it must have the form KEY=VALUE',
  },
  "a reserved property": {
    args: ["image-update", ID, "--property", "os_glance_x=1"],
    message:
      'Cannot set property "os_glance_x": names that begin with "os_glance" are reserved for Glance; choose another name',
  },
  "a disk size that is not a number": {
    args: ["image-update", ID, "--min-disk", "big"],
    code: 2,
    message: 'Cannot use "--min-disk big": it must be an integer of at least 0',
  },
  "an unknown visibility": {
    args: ["image-update", ID, "--visibility", "secret"],
    code: 2,
    message:
      'Cannot use "--visibility secret": it must be "public", "community", "shared", or "private"',
  },
  "a list of an unknown visibility": {
    args: ["image-list", "--visibility", "foo"],
    code: 2,
    message:
      'Cannot use "--visibility foo": it must be "public", "community", "shared", "private", or "all"',
  },
  "an update of nothing": {
    args: ["image-update", ID],
    code: 2,
    message: 'Cannot update an image: no change is given; see "glance-edge help image-update"',
  },
  "a negative limit": {
    args: ["image-list", "--limit", "-1"],
    code: 2,
    message: 'Cannot use "--limit -1": it must be an integer of at least 0',
  },
  "an unknown sort key": {
    args: ["image-list", "--sort-key", "colour"],
    message: 'Cannot list images: the server responded with 400, "…colour…" (req-…)',
  },
  "an unknown sort direction": {
    args: ["image-list", "--sort", "name:up"],
    code: 2,
    message: 'Cannot sort in the direction "up": it must be "asc" or "desc"',
  },
  "two ways to sort": {
    args: ["image-list", "--sort", "name", "--sort-key", "id"],
    code: 2,
    message:
      "Cannot use --sort together with --sort-key or --sort-dir: both set the order; leave one of them out",
  },
  "a filter without a value": {
    args: ["image-list", "--property-filter", "name"],
    code: 2,
    message: 'Cannot use "--property-filter name": it must have the form KEY=VALUE',
  },
  "a member list of nothing": {
    args: ["member-list"],
    code: 2,
    message: 'Cannot run "member-list": --image-id is missing; add it',
  },
  "an invalid member": {
    args: ["member-update", ID, "stranger", "accepted"],
    message:
      `Cannot update member "stranger" of image "${ID}": the server responded with 404, "…"; check the image id and the member id: one of them does not exist, or you cannot see it (req-…)`,
  },
  "a file that is not there": {
    args: ["image-create", ...RAW, "--file", "absent.img"],
    message: 'Cannot read "absent.img": no such file or directory; correct the path',
  },
  "a file that may not be read": {
    args: ["image-create", ...RAW, "--file", "secret.img"],
    message: 'Cannot read "secret.img": permission is denied; change the permissions or the path',
  },
  "a directory instead of a file": {
    args: ["image-upload", ID, "--file", "folder"],
    message: 'Cannot read "folder": it is a directory; name a file',
  },
  "a container whose disk format is missing": {
    args: ["image-create", "--name", "x", "--file", "disk.img", "--container-format", "ova"],
    code: 2,
    message: 'Cannot upload "disk.img": its format is missing; add --disk-format',
  },
  "an upload of nothing": {
    args: ["image-upload", ID],
    code: 2,
    message:
      "Cannot upload an image: there is no data; name a file with --file, or redirect one (< FILE)",
  },
  "standard input that is closed": {
    args: ["image-create", ...RAW, "--file", "-"],
    harness: { stdin: "nothing" },
    message:
      "Cannot read standard input: it is closed or empty; redirect a file (< FILE), or name one with --file",
  },
  "standard input that is the terminal": {
    args: ["image-upload", ID, "--file", "-"],
    harness: { stdin: "terminal" },
    message:
      "Cannot read standard input: it is a terminal; redirect a file (< FILE), or name one with --file",
  },
  "standard input that ends at once": {
    args: ["image-create", ...RAW, "--file", "-"],
    harness: { stdin: new Uint8Array() },
    message: "Cannot read standard input: it is empty; check the program before the pipe",
  },
  "a pipe that ends at once, with formats": {
    args: ["image-create", ...RAW],
    harness: { stdin: new Uint8Array() },
    message:
      "Cannot read standard input: it is empty; check the program before the pipe, or add < /dev/null to create only the record",
  },
  "an image that has its data": {
    args: ["image-upload", ID, "--file", "disk.img"],
    message:
      `Cannot upload image "${ID}": the server responded with 409, "…"; data can be uploaded only once; create a new image (req-…)`,
  },
  "a store without data": {
    args: ["image-create", "--store", "local"],
    code: 2,
    message:
      "Cannot use --store: there is no data to store; name a file with --file, or redirect one (< FILE)",
  },
  "an unknown store": {
    args: ["image-create", ...RAW, "--store", "moon", "--file", "disk.img"],
    message: 'Cannot use the store "moon": this cloud has "local"; choose one of them',
  },
  "a size that is wrong": {
    args: ["image-upload", OTHER_ID, "--file", "disk.img", "--size", "99"],
    message:
      `Cannot upload image "${OTHER_ID}": the data does not have the announced 99 bytes; correct the size or leave it out`,
  },
  "a download to a terminal": {
    args: ["image-download", ID],
    code: 2,
    harness: { isTerminal: true },
    message:
      "Cannot write an image: standard output is a terminal; name a file with --file, or redirect the output (> disk.img)",
  },
  "a download of an image without data": {
    args: ["image-download", OTHER_ID, "--file", "x"],
    message: `Cannot …image "${OTHER_ID}"…`,
  },
  "a download into a directory": {
    args: ["image-download", ID, "--file", "folder"],
    message: 'Cannot write "folder": it is a directory; name a file',
  },
  "a download into a directory that is not there": {
    args: ["image-download", ID, "--file", "nowhere/x"],
    message: 'Cannot write "nowhere/x.part": no such file or directory; correct the path',
  },
  "a download into a directory that may not be written": {
    args: ["image-download", ID, "--file", "locked/x"],
    message:
      'Cannot write "locked/x.part": permission is denied; change the permissions or the path',
  },
  "a download onto a read-only file system": {
    args: ["image-download", ID, "--file", "cdrom/x"],
    message: 'Cannot write "cdrom/x.part": the file system is read-only; choose another place',
  },
  "a download that is at work already": {
    args: ["image-download", ID, "--file", "busy"],
    message:
      'Cannot write "busy.part": another download is writing to it; wait for that download, or choose another name',
  },
  "a host that cannot be reached": {
    args: ["image-list"],
    harness: { fetch: unreachable },
    message:
      'Cannot list images: "http://glance.test:9292" gave no usable response in 4 attempts; last error: …',
  },
  "a server list that is malformed": {
    args: ["image-list"],
    harness: { environment: { GLANCE_API_SERVERS: "ftp://me:pw@glance.test" } },
    message:
      'Cannot use the API server "ftp://glance.test": it is not an http or https URL; write it as "https://host:9292"',
  },
  "a response that is not JSON": {
    args: ["image-list"],
    harness: { fetch: () => Promise.resolve(new Response("<html>")) },
    message: "Cannot …",
  },
};

Deno.test("runGlance() reports each bad input on one line with its exit code", async (t) => {
  for (const [name, { args, code = 1, message, harness: options }] of Object.entries(CASES)) {
    await t.step(name, async () => {
      const harness = await harnessWithImages();
      const files = brokenFiles();
      const before = [...files.content.keys()];
      const outcome = await harness.run(args, { files, ...options });
      const { stderr, stdout } = outcome;
      const pattern = message.split("…").map(escaped).join(".*");
      assert(new RegExp(`^${pattern}\n$`).test(stderr), `${stderr}is not\n${message}`);
      assertEquals([outcome.code, stdout], [code, ""]);
      assert(!stderr.includes("me:pw") && !stderr.includes("    at "), stderr);
      assertEquals([...files.content.keys()], before);
      assertEquals([...files.left], []);
    });
  }
});

Deno.test("--debug prints the causes of a failure, without secrets", async () => {
  const { stderr } = await new CliHarness(unreachable).run(["image-list", "--debug"]);
  assertStringIncludes(stderr, "retry: attempt 1 at http://glance.test:9292 failed");
  assertStringIncludes(stderr, "cooldown: http://glance.test:9292 is skipped for ");
  assertStringIncludes(stderr, "caused by AggregateError: every attempt failed");
  assertStringIncludes(
    stderr,
    "caused by TypeError: error sending request for url (http://glance.test:9292/)",
  );
  assert(!stderr.includes("me:pw") && !stderr.includes("    at "), stderr);
});

Deno.test("runGlance() prints how to select a cloud when nothing is configured", async () => {
  // A file without clouds keeps those of this machine out.
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(path, "{}");
    const environment = { OS_CLIENT_CONFIG_FILE: path, OS_CLIENT_SECURE_FILE: path };
    const { code, stderr } = await new CliHarness().run(["image-list"], { environment });
    assertEquals(code, 1);
    for (const way of ["OS_CLOUD", "clouds.yaml", "OS_AUTH_URL", "GLANCE_API_SERVERS", "start"]) {
      assertStringIncludes(stderr, way);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("runGlance() succeeds when the reader of its standard output has closed it", async () => {
  const harness = await harnessWithImages();
  for (const args of [["image-list"], ["image-show", ID], ["help"], ["image-download", ID]]) {
    const { code, stderr } = await harness.run(args, { outputFails: "EPIPE" });
    assertEquals([code, stderr], [141, ""]);
  }
});

Deno.test("runGlance() fails when the disk of its standard output is full", async () => {
  const harness = await harnessWithImages();
  for (const args of [["image-list"], ["image-download", ID]]) {
    const { code, stderr } = await harness.run(args, { outputFails: "ENOSPC" });
    const says =
      "Cannot write to standard output: no space left on the device; free some, or choose another place\n";
    assertEquals([code, stderr], [1, says]);
  }
});

Deno.test("runGlance() prints nothing when Ctrl-C ends a wait for Glance", async () => {
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
    const controller = new AbortController();
    const harness = new CliHarness((request) =>
      new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => reject(request.signal.reason));
        queueMicrotask(() => controller.abort(new Interrupted(signal)));
      })
    );
    const outcome = await harness.run(["image-list"], { signal: controller.signal });
    assertEquals([outcome.code, outcome.stdout, outcome.stderr], [code, "", ""]);
  }
});

/** One image with data, one without, and two of the same name. */
async function harnessWithImages(): Promise<CliHarness> {
  const harness = new CliHarness(embedded());
  const files = new MemoryFiles({ "a": "the bytes of a disk" });
  for (
    const args of [
      ["image-create", "--id", ID, "--name", "disk", ...RAW, "--file", "a"],
      ["image-create", "--id", OTHER_ID, "--name", "twin", ...RAW],
      ["image-create", "--name", "twin"],
    ]
  ) {
    assertEquals((await harness.run(args, { files })).code, 0);
  }
  return harness;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

Deno.test("sentenceOf() replaces options of the library with their flags", () => {
  const cause = new GlanceError('raise "stallTimeout"', {
    messageParts: [optionPart("stallTimeout")],
  });
  const error = new GlanceError(
    'Cannot read: no response; raise "requestTimeout" or "stallTimeout" for image "constructor"',
    { cause, messageParts: [optionPart("requestTimeout")] },
  );
  assertEquals(
    sentenceOf(error),
    'Cannot read: no response; raise --timeout or --stall-timeout for image "constructor"',
  );
  assertEquals(causesOf(error), ["  caused by GlanceError: raise --stall-timeout"]);
});

Deno.test("image-download advises to repeat the command when an image is replaced after it was found by its name", async () => {
  const glance = embedded();
  let isReplaced = false;
  const harness = new CliHarness(async (request) => {
    if (isReplaced && request.url.endsWith("/file")) {
      await glance(new Request(new URL(`/v2/images/${ID}`, request.url), { method: "DELETE" }));
    }
    return await glance(request);
  });
  const files = new MemoryFiles({ "disk.img": "data" });
  const create = ["image-create", "--id", ID, "--name", "disk", ...RAW, "--file", "disk.img"];
  assertEquals((await harness.run(create, { files })).code, 0);
  isReplaced = true;
  const { code, stderr } = await harness.run(["image-download", "disk", "--file", "x"], { files });
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    `Cannot read image "disk": image "${ID}" was deleted or replaced after it was found; repeat the command`,
  );
});
