/** nginx as an origin that is no bottleneck: one image record and its data from a file. */
import { createHash } from "node:crypto";

/** An nginx that serves one image. */
export interface Origin extends AsyncDisposable {
  readonly url: string;
  readonly imageId: string;
  readonly size: number;
}

const IMAGE_ID = "7d0c1f5e-0c3a-4a0f-9d55-4b1f8a6b2c11";

/** Starts it, with an image of `size` bytes that no compression would help. */
export async function startOrigin(size: number, port: number): Promise<Origin> {
  const directory = await Deno.makeTempDir({ prefix: "glance-bench-" });
  const { sha512, md5 } = await writeImage(`${directory}/data`, size);
  const record = JSON.stringify({
    id: IMAGE_ID,
    name: "bench",
    status: "active",
    visibility: "private",
    size,
    checksum: md5,
    os_hash_algo: "sha512",
    os_hash_value: sha512,
    disk_format: "raw",
    container_format: "bare",
    min_disk: 0,
    min_ram: 0,
    tags: [],
    protected: false,
    os_hidden: false,
    owner: "7f1c",
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
    self: `/v2/images/${IMAGE_ID}`,
    file: `/v2/images/${IMAGE_ID}/file`,
    schema: "/v2/schemas/image",
  });
  await Deno.writeTextFile(`${directory}/nginx.conf`, configuration(directory, port, record));
  const nginx = new Deno.Command("nginx", {
    args: ["-c", `${directory}/nginx.conf`, "-e", `${directory}/error.log`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  await answers(url);
  return {
    url,
    imageId: IMAGE_ID,
    size,
    async [Symbol.asyncDispose]() {
      nginx.kill("SIGTERM");
      await nginx.status;
      await Deno.remove(directory, { recursive: true });
    },
  };
}

async function writeImage(path: string, size: number): Promise<{ sha512: string; md5: string }> {
  const [sha512, md5] = [createHash("sha512"), createHash("md5")];
  using file = await Deno.open(path, { write: true, create: true });
  const block = new Uint8Array(65536);
  for (let written = 0; written < size;) {
    crypto.getRandomValues(block);
    const part = block.subarray(0, Math.min(block.byteLength, size - written));
    written += await file.write(part);
    sha512.update(part);
    md5.update(part);
  }
  return { sha512: sha512.digest("hex"), md5: md5.digest("hex") };
}

function configuration(directory: string, port: number, record: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(" ");
  return `daemon off; master_process off; pid ${directory}/pid;
events { worker_connections 512; }
http {
  access_log off; sendfile on; keepalive_requests 1000000; ${temporary}
  server {
    listen 127.0.0.1:${port};
    location = /v2/images/${IMAGE_ID} { default_type application/json; return 200 '${record}'; }
    location = /v2/images/${IMAGE_ID}/file { alias ${directory}/data; }
  }
}
`;
}

async function answers(url: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const response = await fetch(`${url}/v2/images/${IMAGE_ID}`).catch(() => null);
    await response?.body?.cancel();
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("nginx does not answer; is it installed (apt-get install nginx)?");
}
