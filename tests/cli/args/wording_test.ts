/** Messages of the command line name no options and functions of the library. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { inTerminalWords } from "../../../lib/cli/args/wording.ts";
import { CATALOG_SHARED } from "../../../lib/auth/api_servers.ts";
import { endpointsFromCatalog } from "../../../lib/auth/on_demand/catalog_servers.ts";
import { trustHint } from "../../../lib/http/on_demand/tls_hints.ts";
import { WAIT_LONGER } from "../../../lib/jobs/poll.ts";
import {
  AUTH_URL,
  type MessagePart,
  type MessagePartKey,
  optionPart,
  VERIFY_AUTO,
} from "../../../lib/message_parts.ts";
import { GlanceError } from "../../../mod.ts";
import { OPERATIONS } from "../../../lib/api/mod.ts";
import { CliHarness, embedded } from "../harness.ts";
import { MemoryFiles } from "../memory_files.ts";

const ROOT = new URL("../../../lib/", import.meta.url);

/** Folders whose errors reach the command line, or are its own. */
const FOLDERS = ["auth", "api", "cli", "http", "images", "jobs", "transfer"];

/** Parts of messages that the command line never prints, and why. */
const UNMET: Readonly<Record<string, string>> = {
  "allowedDirectUrlSchemes": "no flag allows direct URLs",
  "globalRequestId": "no flag sets the request id",
  "onInspection": "no command sets it together with a range",
  "getVerifier": "no command verifies signatures",
  "getCertificate": "no command verifies signatures",
  "useSsl": "flags and variables give whole URLs",
  "authStrategy": "no flag sets it",
  "parentPort": "code of a thread, not a message",
  "it must list at least one server": "an empty list is not given by a variable",
  "milliseconds above 0": "--timeout has a minimum of its own",
  'Cannot use the option "fetch"': "the command line has a fetch of its own",
  "image:glance:publicURL": "the value of an option is quoted",
  "must be a list of strings": "no flag gives such a list",
  'to "x:x:xURL"': "its message part is tested below",
  "Cannot restore": "no command restores",
  "Cannot wait with": "no flag sets how long a wait lasts",
  'Cannot download with the option "x"': "flags are checked before",
  'Cannot use the option "x"': "flags are checked before",
};

/** The strings in a source that contain a space: messages, and their parts. */
function textsIn(source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
  const quoted = code.matchAll(/`((?:[^`\\]|\\.)*)`|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'/g);
  return [...quoted].map(([, a, b, c]) => a ?? b ?? c ?? "")
    .map((text) => text.replaceAll(/\$\{[^{}]*(\{[^{}]*\}[^{}]*)*\}/g, "x"))
    .map((text) => text.replace(/\$\{[\s\S]*$/, "x"))
    .filter((text) => text.includes(" "));
}

/** Message parts that several files use, by their names in the code. */
const SHARED_PARTS: Readonly<Record<string, MessagePart>> = {
  AUTH_URL,
  PASS_FETCH: trustHint("UnknownIssuer").messageParts![0]!,
  VERIFY_AUTO,
  WAIT_LONGER,
};

/** The message parts of the errors in a source file. */
function partsIn(source: string): MessagePart[] {
  const options = [...source.matchAll(/optionPart\("(\w+)"\)/g)]
    .map(([, key = ""]) => optionPart(key as MessagePartKey));
  const shared = Object.entries(SHARED_PARTS)
    .flatMap(([name, part]) =>
      new RegExp(`messageParts: \\[.*\\b${name}\\b`).test(source) ? [part] : []
    );
  const literal = /key: "(\w+)",\s*text:\s*(?:"([^"\n]*)"|'([^'\n]*)')/g;
  const own = [...source.matchAll(literal)]
    .map(([, key, a, b]): MessagePart => ({ key: key as MessagePartKey, text: a ?? b ?? "" }));
  return [...own, ...options, ...shared];
}

/** The texts of all sources in the words of the command line. */
async function allTexts(folder = ROOT): Promise<string[]> {
  const texts: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    // Hints for the clients of a server are not for this terminal.
    const isServer = folder.href.endsWith("/cli/") && name === "http_server";
    if (isDirectory && !isServer && (folder !== ROOT || FOLDERS.includes(name))) {
      texts.push(...await allTexts(new URL(`${name}/`, folder)));
    }
    if (!isDirectory && name.endsWith(".ts") && name !== "message_parts.ts") {
      const source = await Deno.readTextFile(new URL(name, folder));
      const error = { imageId: "42", messageParts: partsIn(source) };
      texts.push(...textsIn(source).map((text) => inTerminalWords(text, error)));
    }
  }
  return texts;
}

Deno.test("inTerminalWords() replaces every name of an option or call in a message", async () => {
  const texts = await allTexts();
  assert(texts.filter((text) => text.startsWith("Cannot ")).length > 150);
  const wrong = texts
    .filter((text) => /\b[a-z]+[A-Z]\w*\b|\bthe option "/.test(text.replaceAll(/\bkB\b/g, "")))
    .filter((text) => !Object.keys(UNMET).some((part) => text.includes(part)));
  assertEquals(wrong, []);
});

Deno.test("inTerminalWords() names the subject of a message part, or else the image of the error", () => {
  const text = 'set "protected" to false before you delete it';
  const words = (part: MessagePart) =>
    inTerminalWords(`Cannot: x; ${text}`, { imageId: "42", messageParts: [part] });
  assertEquals(
    words({ key: "unprotectImage", text }),
    'Cannot: x; first run "glance-edge image-update --protected False 42"',
  );
  assertEquals(
    words({ key: "unprotectNamespace", text, subject: "OS::A" }),
    'Cannot: x; first run "glance-edge md-namespace-update --protected False OS::A"',
  );
});

Deno.test("inTerminalWords() names the flag for another interface of the catalog", () => {
  const endpoints = [{ interface: "internal", url: "http://glance.test" }];
  const info = { serviceType: "image", serviceName: "glance", endpointType: "publicURL" };
  const error = assertThrows(
    () =>
      endpointsFromCatalog(
        [{ type: "image", name: "glance", endpoints }],
        info,
        null,
        CATALOG_SHARED,
      ),
    GlanceError,
  );
  assertStringIncludes(
    inTerminalWords(error.message, error),
    'it has "internal"; use --os-endpoint-type internal',
  );
});

Deno.test("inTerminalWords() replaces the message parts of the cause that a message quotes, and milliseconds", () => {
  const cause = new GlanceError('no response in 1500 ms; raise "requestTimeout"', {
    messageParts: [optionPart("requestTimeout")],
  });
  const error = new GlanceError(`Cannot: ${cause.message}; check ${AUTH_URL.text}`, {
    cause: new AggregateError([cause]),
    messageParts: [AUTH_URL],
  });
  assertEquals(
    inTerminalWords(error.message, error),
    "Cannot: no response in 1.5 s; raise --timeout; check OS_AUTH_URL",
  );
});

const ID = "11111111-1111-4111-8111-111111111111";
const RAW = ["--disk-format", "raw", "--container-format", "bare"];

/** The commands that set up a situation, the command that fails, and the end of its message. */
const HINTS: Readonly<Record<string, readonly [string[][], string[], string]>> = {
  "a protected image": [
    [["image-update", "--protected", "True", ID]],
    ["image-delete", ID],
    `; first run "glance-edge image-update --protected False ${ID}"`,
  ],
  "a protected namespace": [
    [["md-namespace-create", "OS::Mine", "--protected", "True"]],
    ["md-namespace-delete", "OS::Mine"],
    '; first run "glance-edge md-namespace-update --protected False OS::Mine"',
  ],
  "a tag of a protected namespace": [
    [
      ["md-namespace-create", "OS::Mine", "--protected", "True"],
      ["md-tag-create", "OS::Mine", "--name", "t"],
    ],
    ["md-tag-delete", "OS::Mine", "t"],
    '; first run "glance-edge md-namespace-update --protected False OS::Mine"',
  ],
  "members of an image that is not shared": [
    [["image-update", "--visibility", "private", ID]],
    ["member-list", "--image-id", ID],
    `; first run "glance-edge image-update --visibility shared ${ID}"`,
  ],
};

for (const [what, [before, args, message]] of Object.entries(HINTS)) {
  Deno.test(`runGlance() prints a hint about ${what} that works when it is followed`, async () => {
    const harness = await harnessWithImage();
    for (const line of before) assertEquals((await harness.run(line)).code, 0);
    const { code, stderr } = await harness.run(args);
    assertEquals(code, 1);
    assertStringIncludes(stderr, message);
    const command = /; first run "glance-edge ([^"]*)"/.exec(stderr)?.[1] ?? "";
    assertEquals((await harness.run(command.split(" "))).code, 0);
    assertEquals((await harness.run(args)).code, 0);
  });
}

Deno.test("image-download names the cause and who can help when an image is deactivated", async () => {
  const { admin, member } = await twoUsers();
  const harness = new CliHarness(admin);
  assertEquals((await harness.run(["image-deactivate", ID])).code, 0);
  const download = ["image-download", "--file", "x", ID];
  const { code, stderr } = await new CliHarness(member).run(download);
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    `; the image is deactivated, so only an administrator can read its data; ask one to run "glance-edge image-reactivate ${ID}"`,
  );
  assertEquals((await harness.run(["image-reactivate", ID])).code, 0);
  assertEquals((await new CliHarness(member).run(download)).code, 0);
});

Deno.test("member-update names who can set the status when the owner calls it", async () => {
  const { member } = await twoUsers();
  const owner = new CliHarness(member);
  assertEquals((await owner.run(["image-update", "--visibility", "shared", ID])).code, 0);
  assertEquals((await owner.run(["member-create", ID, "other"])).code, 0);
  const { code, stderr } = await owner.run(["member-update", ID, "other", "accepted"]);
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    "; only the member itself can accept or reject the offer: sign in to its project",
  );
});

Deno.test("OPERATIONS has a hint that is an action for each status of failure", () => {
  for (const [name, { errors, hints }] of Object.entries(OPERATIONS)) {
    for (const [status, hint] of Object.entries(hints)) {
      assert(status in errors, `${name}: ${status} is not among its errors`);
      assert(/^[a-z]/.test(hint) && !/[.\s]$/.test(hint), `${name}: ${hint}`);
    }
    const isForAdministrators = errors[403] === "for administrators only";
    if (isForAdministrators && hints[405] === undefined) {
      assertEquals(hints[403], "ask an administrator of the cloud", name);
    }
  }
});

/** Commands that once exited with 0 for a list of versions, and similar ones. */
const SILENT = [
  ["image-delete", ID],
  ["image-update", "--name", "x", ID],
  ["image-upload", "--file", "a", ID],
  ["image-stage", "--file", "a", ID],
  ["image-deactivate", ID],
  ["image-reactivate", ID],
  ["image-tag-update", ID, "t"],
  ["image-tag-delete", ID, "t"],
  ["image-import", "--import-method", "glance-direct", ID],
  ["image-list"],
  ["image-show", ID],
  ["image-create", "--name", "x"],
  ["image-download", "--file", "x", ID],
  ["member-create", ID, "p"],
  ["member-delete", ID, "p"],
  ["member-update", ID, "p", "accepted"],
  ["md-namespace-create", "n"],
  ["md-namespace-delete", "n"],
  ["md-tag-create", "n", "--name", "t"],
  ["cache-list"],
  ["cache-queue", ID],
  ["cache-clear"],
  ["task-list"],
  ["stores-info"],
];

Deno.test("runGlance() exits with 1 when the path is wrong and Glance responds to everything with 300", async () => {
  for (const args of SILENT) {
    const harness = new CliHarness(() =>
      Promise.resolve(Response.json({ versions: [{ id: "v2.15" }] }, { status: 300 }))
    );
    const outcome = await harness.run(args, {
      files: new MemoryFiles({ a: "data" }),
      environment: { GLANCE_API_SERVERS: "http://glance.test:9292/image" },
    });
    assertEquals([outcome.code, outcome.stdout], [1, ""], args.join(" "));
    assertStringIncludes(
      outcome.stderr,
      '"http://glance.test:9292/image" returned a list of versions (300)',
      args.join(" "),
    );
    assertStringIncludes(outcome.stderr, "; check the path of the endpoint");
  }
});

async function harnessWithImage(): Promise<CliHarness> {
  const harness = new CliHarness();
  const args = ["image-create", "--id", ID, ...RAW, "--file", "a"];
  const files = new MemoryFiles({ a: "data" });
  assertEquals((await harness.run(args, { files })).code, 0);
  return harness;
}

/** One Glance, called as an administrator and as a member of the project that owns the image. */
async function twoUsers() {
  const glance = embedded({
    identify: (token) => ({
      projectId: "mine",
      userId: token,
      roles: token === "admin" ? ["admin"] : ["member"],
    }),
  });
  const as = (token: string) => (request: Request) => {
    const headers = new Headers(request.headers);
    headers.set("x-auth-token", token);
    return glance(new Request(request, { headers }));
  };
  const [admin, member] = [as("admin"), as("member")];
  const files = new MemoryFiles({ a: "data" });
  const args = ["image-create", "--id", ID, ...RAW, "--file", "a"];
  assertEquals((await new CliHarness(member).run(args, { files })).code, 0);
  return { admin, member };
}
