/** `image-inspect` and `image-audit` of images of qemu-img in a real Glance, whose store has ranges. */
import { assert, assertEquals } from "@std/assert";
import { vmdkStream } from "../formats/images/vmdk_images.ts";
import { inDirectory } from "../support/directory.ts";
import { CountingProxy } from "./counting_proxy.ts";
import { requirePackages } from "./packages.ts";
import { RawGlance } from "./raw_glance.ts";
import { type LiveStack, startStack } from "./stack.ts";

const MAIN = new URL("../../lib/cli/main.ts", import.meta.url).pathname;
const LIMIT = 256 * 1024;
const DISK_BYTES = 12 * 1024 ** 2;

/** Makes disks of 12 MiB with 6 MiB of data; the backing file of `backed` is another image. */
const SCRIPT = `
head -c 6291456 /dev/urandom > raw
truncate -s 12582912 raw
for format in qcow2 vdi vhdx vpc; do qemu-img convert -f raw -O $format raw $format; done
qemu-img convert -f raw -O vmdk -o subformat=streamOptimized raw vmdk
qemu-img create -q -f qcow2 -b raw -F raw backed
`;

/** Images: the file, which is also the name, the declared format, and what is found. */
const IMAGES: readonly (readonly [name: string, declared: string, found: string])[] = [
  ["raw", "raw", ""],
  ["qcow2", "qcow2", ""],
  ["vdi", "vdi", ""],
  ["vhdx", "vhdx", ""],
  ["vpc", "vhd", ""],
  ["vmdk", "vmdk", ""],
  ["backed", "qcow2", "unsafe"],
  ["footer", "vmdk", ""],
  ["wrong-footer", "vmdk", "unsafe"],
];

Deno.test("image-inspect and image-audit inspect the images in a real Glance from 256 KiB each", async (t) => {
  await requirePackages(["qemu-utils"]);
  await using stack = await startStack();
  await inDirectory(async (directory) => {
    await run(new Deno.Command("bash", { args: ["-ec", SCRIPT], cwd: directory }));
    const size = { length: DISK_BYTES, virtualSize: DISK_BYTES };
    await Deno.writeFile(`${directory}/footer`, vmdkStream(size, size));
    await Deno.writeFile(`${directory}/wrong-footer`, vmdkStream({ ...size, version: 2 }, size));
    const alice = await RawGlance.as(stack, "alice");
    const ids = new Map<string, string>();
    for (const [name, disk_format] of [...IMAGES, ["qcow2-as-raw", "raw", "mismatch"] as const]) {
      const data = await Deno.readFile(`${directory}/${name.replace("-as-raw", "")}`);
      ids.set(name, await alice.create({ name, disk_format, container_format: "bare" }, data));
    }
    await alice.create({ name: "queued" });
    await using proxy = new CountingProxy(stack.glanceUrls[0]);

    for (const [name, declared, found] of IMAGES) {
      await t.step(`image-inspect ${name}`, async () => {
        proxy.sent.clear();
        const { code, stdout, stderr } = await glance(stack, proxy, ["image-inspect", name]);
        assertEquals(code, found === "" ? 0 : 1, stderr);
        const { format, is_safe, virtual_size, unchecked, bytes_read } = JSON.parse(stdout);
        assertEquals([format, is_safe, unchecked], [declared, found === "", []]);
        const isExact = name !== "vpc" && is_safe;
        if (isExact) assertEquals(virtual_size, DISK_BYTES);
        assertEquals(proxy.sent.get(ids.get(name) ?? ""), bytes_read);
        assert(bytes_read <= LIMIT, `${bytes_read} bytes`);
      });
    }

    await t.step("image-audit", async () => {
      proxy.sent.clear();
      const { code, stdout, stderr } = await glance(stack, proxy, ["image-audit"]);
      assertEquals(code, 1, stderr);
      const { images, ...counts } = JSON.parse(stdout);
      assertEquals(counts, {
        inspected: 10,
        unsafe: 2,
        mismatch: 1,
        unreadable: 0,
        partly_checked: 0,
        without_data: 1,
      });
      const problems = images.map(({ name, kind }: Record<string, string>) => `${name} ${kind}`);
      assertEquals(problems.sort(), [
        "backed unsafe",

        "qcow2-as-raw mismatch",
        "wrong-footer unsafe",
      ]);
      assertEquals([...proxy.sent.keys()].sort(), [...ids.values()].sort());
      for (const [id, bytes] of proxy.sent) assert(bytes <= LIMIT, `${bytes} bytes of ${id}`);
    });
  });
});

function glance(stack: LiveStack, proxy: CountingProxy, args: readonly string[]) {
  const flags = ["--os-image-url", proxy.url, "--json"];
  return run(
    new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", MAIN, ...args, ...flags],
      env: { ...stack.environment("alice"), NO_COLOR: "1" },
    }),
    [0, 1],
  );
}

async function run(command: Deno.Command, codes: readonly number[] = [0]) {
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert(codes.includes(code), text(stderr));
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
