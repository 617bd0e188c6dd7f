/**
 * A Glance with as many images as the first part of the path states: `list_server.ts PORT`. Pages are made
 * once, so the reader is measured, not the writer.
 */

const [port] = Deno.args;

const pages = new Map<string, Uint8Array<ArrayBuffer>>();

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: () => {} }, ({ url }) => {
  const { pathname, searchParams } = new URL(url);
  const [, total = "0", ...path] = pathname.split("/");
  if (path.join("/") !== "v2/images") return new Response(null);
  const start = Number(searchParams.get("marker")?.slice(-12) ?? -1) + 1;
  const key = `${total} ${start} ${searchParams.get("limit")}`;
  const page = pages.get(key) ??
    pageOf(Number(total), start, Number(searchParams.get("limit") ?? 25));
  pages.set(key, page);
  return new Response(page, { headers: { "content-type": "application/json" } });
});

function pageOf(total: number, start: number, limit: number): Uint8Array<ArrayBuffer> {
  const count = Math.max(0, Math.min(limit, total - start));
  const images = Array.from({ length: count }, (_, i) => imageOf(start + i));
  const last = images.at(-1);
  const page = {
    images,
    first: "/v2/images",
    schema: "/v2/schemas/images",
    ...last && count === limit && { next: `/v2/images?marker=${last.id}` },
  };
  return new TextEncoder().encode(JSON.stringify(page));
}

/** An image as Glance of today shows it, with the properties that a cloud's images have. */
function imageOf(index: number) {
  const id = `7d0c1f5e-0c3a-4a0f-9d55-${String(index).padStart(12, "0")}`;
  return {
    os_hash_algo: "sha512",
    os_hash_value: String(index).padStart(128, "0"),
    checksum: String(index).padStart(32, "0"),
    name: `image ${index}`,
    disk_format: "qcow2",
    container_format: "bare",
    visibility: index % 5 === 0 ? "public" : "private",
    size: 10_000_000 + index,
    virtual_size: 20_000_000,
    status: "active",
    protected: false,
    min_ram: 512,
    min_disk: 10,
    owner: "7f1c3a9e5b2d4f6081a2b3c4d5e6f708",
    os_hidden: false,
    id,
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-02T00:00:00Z",
    tags: ["gold", "ci"],
    self: `/v2/images/${id}`,
    file: `/v2/images/${id}/file`,
    schema: "/v2/schemas/image",
    stores: "fast",
    os_type: "linux",
    os_distro: "debian",
    os_version: "13",
    hw_disk_bus: "scsi",
    hw_scsi_model: "virtio-scsi",
    hw_qemu_guest_agent: "yes",
  };
}
