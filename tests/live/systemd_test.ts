/** The unit of the guide for operators, run by a systemd. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePort } from "../support/free_port.ts";
import { until } from "../support/time_limit.ts";
import { packTarball } from "../packages/tarball.ts";

const FILES = new URL("../../.github/operations/", import.meta.url).pathname;
const DECODER = new TextDecoder();

/** Where systemd keeps the processes of its units (cgroups version 1). */
const CGROUPS = "/sys/fs/cgroup/systemd";

async function hasAll(...paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(paths.map((path) => Deno.stat(path).catch(() => null)));
  return Deno.uid() === 0 && !found.includes(null);
}

/** Runs a script of bash, and returns what it prints. */
async function bash(script: string): Promise<string> {
  const args = ["-euc", script];
  const { success, stdout, stderr } = await new Deno.Command("bash", { args }).output();
  assert(success, `${script}\n${DECODER.decode(stdout)}\n${DECODER.decode(stderr)}`);
  return DECODER.decode(stdout).trim();
}

/** A directory with the packed tarball, and settings of a gateway with an embedded Glance. */
async function withSite(
  run: (site: { readonly folder: string; readonly url: string }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "glance-systemd-" });
  const port = freePort();
  try {
    await packTarball(`${folder}/glance-edge.tgz`);
    const settings = `host: 127.0.0.1\nport: ${port}\nembedded: true\n`;
    await Deno.writeTextFile(`${folder}/edge.yaml`, settings);
    await run({ folder, url: `http://127.0.0.1:${port}` });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url).catch(() => null);
  await response?.body?.cancel();
  return response?.status ?? 0;
}

/** Stops a server during an upload, which must be finished before the server ends. */
async function stopDuringUpload(url: string, stop: () => Promise<unknown>): Promise<void> {
  const created = await fetch(`${url}/v2/images`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "disk", disk_format: "raw", container_format: "bare" }),
  });
  const { id } = await created.json();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const data = writable.getWriter();
  const uploaded = fetch(`${url}/v2/images/${id}/file`, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: readable,
  });
  await data.write(new Uint8Array(1000));
  const isSaving = async () =>
    (await (await fetch(`${url}/v2/images/${id}`)).json()).status === "saving";
  await until(isSaving, "the upload");
  const stopped = stop();
  await until(async () => await statusOf(`${url}/readyz`) === 503, "the drain");
  assertEquals(await statusOf(`${url}/healthz`), 200);
  await data.close();
  assertEquals((await uploaded).status, 204);
  await stopped;
}

/** Runs systemd with this one unit, in namespaces and with a copy of the directories that it changes. */
const SYSTEMD = `
mkdir ${CGROUPS}/$NAME
echo $$ >${CGROUPS}/$NAME/cgroup.procs
exec unshare --kill-child -fmpiuC --mount-proc bash -euc '
  mount -t tmpfs tmpfs /sys/fs/cgroup
  mkdir ${CGROUPS}
  mount -t cgroup -o none,name=systemd cgroup ${CGROUPS}
  mkdir $SITE/changed
  mount -t tmpfs tmpfs $SITE/changed
  for name in etc opt var; do
    mkdir -p $SITE/changed/$name/upper $SITE/changed/$name/work
    mount -t overlay overlay /$name -o \\
      lowerdir=/$name,upperdir=$SITE/changed/$name/upper,workdir=$SITE/changed/$name/work
  done
  mkdir -p /etc/glance-edge
  cp $SITE/edge.yaml /etc/glance-edge/
  useradd --system --user-group --no-create-home --shell /usr/sbin/nologin glance-edge
  tar -C /opt -xzf $SITE/glance-edge.tgz
  mount -t tmpfs tmpfs /usr/local/sbin
  ln -s /opt/package/bin/glance-edge.js /usr/local/sbin/glance-edge
  mount -t tmpfs tmpfs /run
  mkdir /run/units
  cp ${FILES}glance-edge.service /run/units/
  printf "[Unit]\\nWants=glance-edge.service\\n" >/run/units/site.target
  container=other SYSTEMD_UNIT_PATH=/run/units exec /lib/systemd/systemd --system --unit=site.target
'`;

Deno.test({
  name: "runStart() reloads, drains, and has no rights when systemd runs the unit of the guide",
  ignore: !await hasAll("/lib/systemd/systemd", "/usr/bin/unshare", `${CGROUPS}/cgroup.procs`),
  fn: () =>
    withSite(async ({ folder, url }) => {
      const name = folder.split("/").at(-1) ?? "";
      const env = { SITE: folder, NAME: name };
      const manager = new Deno.Command("bash", { args: ["-euc", SYSTEMD], env }).spawn();
      try {
        await until(async () => await statusOf(`${url}/readyz`) === 200, "the gateway");
        const init = await bash(`cat /proc/${manager.pid}/task/${manager.pid}/children`);
        const inside = (command: string) => bash(`nsenter -t ${init} -m -p ${command}`);
        const show = (property: string) =>
          inside(`systemctl show -p ${property} --value glance-edge`);
        const main = await show("MainPID");
        const status = await inside(`cat /proc/${main}/status`);
        assertMatch(status, /^Uid:\t(?!0\t)(\d+)(\t\1){3}$/m);
        assertMatch(status, /^CapBnd:\t0+$/m);
        assertMatch(status, /^NoNewPrivs:\t1$/m);
        assertMatch(status, /^Seccomp:\t2$/m);
        // Written by root in the mount namespace of the gateway.
        const write = (path: string) =>
          inside(`nsenter -t ${main} -m sh -c "touch ${path} 2>&1 || true"`);
        for (const path of ["/usr/x", "/etc/x"]) assertMatch(await write(path), /Read-only/);
        assertEquals(await write("/var/cache/glance-edge/x"), "");
        await inside("systemctl reload glance-edge");
        assertEquals([await show("MainPID"), await show("ActiveState")], [main, "active"]);
        await stopDuringUpload(url, () => inside("systemctl stop glance-edge"));
        const end = [await show("Result"), await show("ExecMainStatus"), await show("ActiveState")];
        assertEquals(end, ["success", "0", "inactive"]);
      } finally {
        manager.kill("SIGKILL");
        await manager.status;
        await bash(`for i in $(seq 50); do
          find ${CGROUPS}/${name} -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null || true
          rmdir ${CGROUPS}/${name} 2>/dev/null && break; sleep 0.1; done`);
      }
    }),
});
