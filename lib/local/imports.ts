/**
 * The import itself, which is done when the answer leaves: staged bytes move to a store
 * (`glance-direct`), bytes on the web do (`web-download`), or stored bytes are copied to more stores
 * (`copy-image`).
 *
 * @module
 */

import type { Call } from "./call.ts";
import { badRequest, conflict, forbidden } from "./failures.ts";
import { isAdmin } from "./identity.ts";
import { type ImportOrder, importOrder, targetStores } from "./import_order.ts";
import { changeImage, refuseStrangers, visibleImage } from "./lookup.ts";
import { type Cloud, defaultStoreId, storeMetadata } from "./options.ts";
import { type ImageRow, withData, withStatus } from "./rows.ts";
import { endedTask, newTask } from "./task_rows.ts";
import { importFromWeb } from "./web_download.ts";

const MEBIBYTE = 1024 ** 2;

/** `POST /v2/images/{image_id}/import` */
export async function importImage(call: Call): Promise<Response> {
  const order = await importOrder(call);
  const row = visibleImage(call);
  refuseWrongState(call, row, order.method);
  const storeIds = targetStores(call, order);
  const move = (staged: ImageRow) => moveStagedData(call, staged, storeIds, order);
  if (order.method === "copy-image") await copyData(call, row, storeIds, order);
  else if (order.method === "web-download") await importFromWeb(call, order, storeIds, move);
  else await move(row);
  return new Response(null, { status: 202 });
}

function refuseWrongState(call: Call, row: ImageRow, method: string): void {
  const isCopy = method === "copy-image";
  if (row.status === "active" && !isCopy) {
    throw conflict("Image with status active cannot be target for import");
  }
  if (row.status !== "active" && isCopy) {
    throw conflict("Only images with status active can be targeted for copying");
  }
  if (row.status !== "uploading" && method === "glance-direct") {
    throw conflict("Image needs to be staged before 'glance-direct' method can be used");
  }
  if (row.status !== "queued" && method === "web-download") {
    throw conflict("Image needs to be in 'queued' state to use 'web-download' method");
  }
  for (const name of ["container_format", "disk_format"] as const) {
    if (!row[name]) throw conflict(`'${name}' needs to be set before import`);
  }
  if (!isCopy) return refuseStrangers(call, row);
  if (!isAdmin(call.identity)) {
    throw forbidden("You are not authorized to complete copy_image action.");
  }
}

/** From the staging area to the first store, from there to the others. */
async function moveStagedData(
  call: Call,
  row: ImageRow,
  storeIds: readonly string[],
  order: ImportOrder,
): Promise<void> {
  const { store } = call.cloud;
  const [first = defaultStoreId(call.cloud), ...others] = storeIds;
  const { staged } = row;
  if (staged === null) throw conflict("Image has active task");
  await changeImage(call, (current) => withStatus(current, "importing"));
  const key = `${first}/${row.id}`;
  try {
    await store.bytes.move(staged.key, key);
    for (const id of others) await copy(call.cloud, key, `${id}/${row.id}`, staged.size);
    await changeImage(call, (current) => {
      const data = { ...staged, key, url: store.bytes.urlOf(key) };
      const active = withData(
        withStatus(current, "active"),
        data,
        storeMetadata(call.cloud, first),
      );
      return finished(call, withCopies(call.cloud, active, others), order, storeIds);
    });
  } catch (error) {
    await removeCopies(call.cloud, row, [first, ...others]);
    await store.images.update(row.id, (it) => ({ ...withStatus(it, "queued"), staged: null }));
    throw error;
  }
}

async function copyData(
  call: Call,
  row: ImageRow,
  storeIds: readonly string[],
  order: ImportOrder,
): Promise<void> {
  const has = (id: string) => row.locations.some(({ metadata }) => metadata["store"] === id);
  const present = storeIds.find(has);
  if (present !== undefined && !order.allStores) {
    throw badRequest(`Image is already present at store '${present}'`);
  }
  const missing = storeIds.filter((id) => !has(id));
  const source = row.locations.find(({ key }) => key !== null)?.key;
  if (missing.length === 0 || !source) return;
  try {
    for (const id of missing) await copy(call.cloud, source, `${id}/${row.id}`, row.size ?? 0);
    await changeImage(
      call,
      (current) => finished(call, withCopies(call.cloud, current, missing), order, missing),
    );
  } catch (error) {
    await removeCopies(call.cloud, row, missing);
    throw error;
  }
}

async function copy(cloud: Cloud, from: string, to: string, size: number): Promise<void> {
  const { bytes } = cloud.store;
  const sink = await bytes.write(to);
  try {
    for await (const chunk of await bytes.read(from, 0, size)) await sink.write(chunk);
    await sink.commit();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

async function removeCopies(cloud: Cloud, row: ImageRow, ids: readonly string[]): Promise<void> {
  for (const id of ids) await cloud.store.bytes.remove(`${id}/${row.id}`);
}

function withCopies(cloud: Cloud, row: ImageRow, storeIds: readonly string[]): ImageRow {
  const copies = storeIds.map((store) => {
    const key = `${store}/${row.id}`;
    return { url: cloud.store.bytes.urlOf(key), metadata: { store }, key };
  });
  return { ...row, locations: [...row.locations, ...copies] };
}

/** Leaves the traces of an import: two empty properties and a task. */
function finished(
  call: Call,
  row: ImageRow,
  order: ImportOrder,
  storeIds: readonly string[],
): ImageRow {
  const task = endedTask(
    call,
    newTask(call, "api_image_import", {
      image_id: row.id,
      import_req: order.body,
      backend: storeIds,
    }),
    {
      status: "success",
      result: { image_id: row.id },
      message: `Copied ${Math.floor((row.size ?? 0) / MEBIBYTE)} MiB`,
    },
  );
  return {
    ...row,
    properties: {
      ...row.properties,
      os_glance_importing_to_stores: "",
      os_glance_failed_import: "",
    },
    tasks: [...row.tasks, task],
    updated_at: task.updated_at,
  };
}
