/**
 * The table of the Image API: one row an operation. `Operations` states the types, `OPERATIONS` the
 * wire; `GlanceClientWrapper.call` and every list of what exists are read off it.
 *
 * @module
 */
import { formatRange } from "../data/byte_range.ts";
import {
  json,
  type Operation,
  parametersOf,
  receiveJson,
  receiveNothing,
  type Sent,
  WrongShape,
} from "./operation.ts";
import type { JsonPatch } from "./patch.ts";
import type {
  GlanceImage,
  ImageLocation,
  ImageMember,
  ImageStore,
  JsonValue,
  MemberStatus,
  ValidationData,
} from "./types.ts";

/** Pairs of a query string, in order; keys may repeat. */
export type Query = readonly (readonly [key: string, value: string])[];

/** A page of a list of images. `next` is present where there is more. */
export interface ImagePage {
  readonly images: readonly GlanceImage[];
  readonly next?: string;
}

/** What a read of image data may ask for. */
export interface DataRequest {
  /** Bytes from `start` to `end` inclusive; to the last one without `end`. */
  readonly range?: { readonly start: number; readonly end?: number };
  /** Stores to read from, best first (Image API of 2026.1; multi-store clouds only). */
  readonly prefer?: readonly string[];
}

/** What an upload may say about its data. */
export interface UploadRequest {
  /** Bytes, where they are known: Glance refuses a body of another length. */
  readonly size?: number;
  /** Store to write to; the default store without it. */
  readonly storeId?: string;
  /** Image on which the data is based, for stores that place data near data. */
  readonly baseImageRef?: string;
}

/** What an import asks for. */
export interface ImportRequest {
  readonly method: { readonly name: string; readonly [parameter: string]: JsonValue };
  readonly stores?: readonly string[];
  readonly all_stores?: boolean;
  readonly all_stores_must_succeed?: boolean;
}

/** A task, as the admin API shows it. */
export interface GlanceTask {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly message?: string | null;
  readonly [key: string]: unknown;
}

/** A version that an endpoint offers. */
export interface ApiVersion {
  readonly id: string;
  readonly status: string;
}

/** Names, arguments and results of all operations. */
export interface Operations {
  "list"(query?: Query): ImagePage;
  "get"(imageId: string): GlanceImage;
  "create"(image: Readonly<Record<string, unknown>>): GlanceImage;
  "update"(imageId: string, patch: JsonPatch): GlanceImage;
  "delete"(imageId: string): void;
  "data"(imageId: string, request?: DataRequest): Response;
  "upload"(imageId: string, data: BodyInit, request?: UploadRequest): void;
  "stage"(imageId: string, data: BodyInit, request?: UploadRequest): void;
  "import"(imageId: string, request: ImportRequest): void;
  "deactivate"(imageId: string): void;
  "reactivate"(imageId: string): void;
  "addImageLocation"(imageId: string, url: string, validationData?: ValidationData): void;
  "getImageLocations"(imageId: string): readonly ImageLocation[];
  "tasks"(imageId: string): readonly GlanceTask[];
  "deleteFromStore"(storeId: string, imageId: string): void;
  "members.list"(imageId: string): readonly ImageMember[];
  "members.get"(imageId: string, memberId: string): ImageMember;
  "members.create"(imageId: string, memberId: string): ImageMember;
  "members.update"(imageId: string, memberId: string, status: MemberStatus): ImageMember;
  "members.delete"(imageId: string, memberId: string): void;
  "tags.update"(imageId: string, tag: string): void;
  "tags.delete"(imageId: string, tag: string): void;
  "info.import"(): Readonly<Record<string, unknown>>;
  "info.stores"(): readonly ImageStore[];
  "info.storesDetail"(): readonly ImageStore[];
  "info.usage"(): Readonly<Record<string, unknown>>;
  "schemas.get"(name: string): Readonly<Record<string, unknown>>;
  "tasks.list"(query?: Query): readonly GlanceTask[];
  "tasks.get"(taskId: string): GlanceTask;
  "versions.list"(): readonly ApiVersion[];
}

/** The name of an operation. */
export type OperationName = keyof Operations;

/** The arguments of an operation. */
export type OperationArgs<M extends OperationName> = Parameters<Operations[M]>;

/** The result of an operation. */
export type OperationResult<M extends OperationName> = ReturnType<Operations[M]>;

/** The one media type in which Glance takes changes: JSON patch of add, remove and replace only. */
const PATCH_TYPE = "application/openstack-images-v2.1-json-patch";

const IMAGE = "/v2/images/{image_id}";
const LOCATIONS = `${IMAGE}/locations`;
const MEMBER = `${IMAGE}/members/{member_id}`;
const TAG = `${IMAGE}/tags/{tag}`;

/** The rows. */
export const OPERATIONS: {
  readonly [M in OperationName]: Operation<OperationArgs<M>, OperationResult<M>>;
} = {
  "list": row("list images", "GET", "/v2/images", "2.0", {
    send: (query = []) => ({ query }),
    receive: receivePage,
  }),
  "get": row('show image "{image_id}"', "GET", IMAGE, "2.0", { receive: receiveJson() }),
  // A repeat with the same id answers 409: the service chooses the id and knows its own image.
  "create": row("create an image", "POST", "/v2/images", "2.0", {
    send: (image) => json(image),
    receive: receiveJson(),
  }),
  // A repeat may answer 409 for a removal that was done: the service compares and goes on.
  "update": row('update image "{image_id}"', "PATCH", IMAGE, "2.1", {
    send: (_, patch) => json(patch, PATCH_TYPE),
    receive: receiveJson(),
  }),
  "delete": row('delete image "{image_id}"', "DELETE", IMAGE, "2.0", {
    repeat: 404,
    receive: receiveNothing,
  }),
  "data": row('download image "{image_id}"', "GET", `${IMAGE}/file`, "2.0", {
    send: (_, request) => sendDataRequest(request),
    receive: "response",
  }),
  "upload": row('upload image "{image_id}"', "PUT", `${IMAGE}/file`, "2.0", {
    idempotent: false,
    send: (_, data, request) => sendData(data, request),
    receive: receiveNothing,
  }),
  "stage": row('stage image "{image_id}"', "PUT", `${IMAGE}/stage`, "2.6", {
    idempotent: false,
    send: (_, data, request) => sendData(data, request),
    receive: receiveNothing,
  }),
  "import": row('import image "{image_id}"', "POST", `${IMAGE}/import`, "2.6", {
    idempotent: false,
    send: (_, request) => json(request),
    receive: receiveNothing,
  }),
  "deactivate": row('deactivate image "{image_id}"', "POST", `${IMAGE}/actions/deactivate`, "2.3", {
    receive: receiveNothing,
  }),
  "reactivate": row('reactivate image "{image_id}"', "POST", `${IMAGE}/actions/reactivate`, "2.3", {
    receive: receiveNothing,
  }),
  "addImageLocation": row('add a location to image "{image_id}"', "POST", LOCATIONS, "2.17", {
    idempotent: false,
    send: (_, url, validation_data) => json({ url, ...validation_data && { validation_data } }),
    receive: receiveNothing,
  }),
  "getImageLocations": row(
    'show the locations of image "{image_id}"',
    "GET",
    LOCATIONS,
    "2.17",
    { receive: receiveJson() },
  ),
  "tasks": row('list the tasks of image "{image_id}"', "GET", `${IMAGE}/tasks`, "2.12", {
    receive: receiveJson("tasks"),
  }),
  "deleteFromStore": row(
    'delete image "{image_id}" from store "{store_id}"',
    "DELETE",
    "/v2/stores/{store_id}/{image_id}",
    "2.10",
    { repeat: 404, receive: receiveNothing },
  ),
  "members.list": row('list the members of image "{image_id}"', "GET", `${IMAGE}/members`, "2.1", {
    receive: receiveJson("members"),
  }),
  "members.get": row('show member "{member_id}" of image "{image_id}"', "GET", MEMBER, "2.1", {
    receive: receiveJson(),
  }),
  "members.create": row('add a member to image "{image_id}"', "POST", `${IMAGE}/members`, "2.1", {
    idempotent: false,
    send: (_, member) => json({ member }),
    receive: receiveJson(),
  }),
  "members.update": row('update member "{member_id}" of image "{image_id}"', "PUT", MEMBER, "2.1", {
    send: (_, __, status) => json({ status }),
    receive: receiveJson(),
  }),
  "members.delete": row(
    'delete member "{member_id}" of image "{image_id}"',
    "DELETE",
    MEMBER,
    "2.1",
    { repeat: 404, receive: receiveNothing },
  ),
  "tags.update": row('tag image "{image_id}" with "{tag}"', "PUT", TAG, "2.0", {
    receive: receiveNothing,
  }),
  "tags.delete": row('delete tag "{tag}" of image "{image_id}"', "DELETE", TAG, "2.0", {
    repeat: 404,
    receive: receiveNothing,
  }),
  "info.import": row("show the import methods", "GET", "/v2/info/import", "2.6", {
    receive: receiveJson("import-methods"),
  }),
  "info.stores": row("list the stores", "GET", "/v2/info/stores", "2.8", {
    receive: receiveJson("stores"),
  }),
  "info.storesDetail": row("list the stores in detail", "GET", "/v2/info/stores/detail", "2.15", {
    receive: receiveJson("stores"),
  }),
  "info.usage": row("show the usage", "GET", "/v2/info/usage", "2.13", {
    receive: receiveJson("usage"),
  }),
  "schemas.get": row('show schema "{schema_name}"', "GET", "/v2/schemas/{schema_name}", "2.0", {
    receive: receiveJson(),
  }),
  "tasks.list": row("list tasks", "GET", "/v2/tasks", "2.2", {
    send: (query = []) => ({ query }),
    receive: receiveJson("tasks"),
  }),
  "tasks.get": row('show task "{task_id}"', "GET", "/v2/tasks/{task_id}", "2.2", {
    receive: receiveJson(),
  }),
  "versions.list": row("list the versions of the API", "GET", "/versions", "2.0", {
    receive: receiveJson("versions"),
  }),
};

/** What a row has beyond its line. */
type Rest<Args extends readonly unknown[], Result> =
  & Pick<Operation<Args, Result>, "repeat" | "send" | "receive">
  & Partial<Pick<Operation<Args, Result>, "idempotent">>;

/** A row; what says nothing else may be repeated. */
function row<Args extends readonly unknown[], Result>(
  action: string,
  verb: Operation<Args, Result>["verb"],
  path: string,
  since: string,
  rest: Rest<Args, Result>,
): Operation<Args, Result> {
  return { action, verb, path, parameters: parametersOf(path), since, idempotent: true, ...rest };
}

async function receivePage(response: Response): Promise<ImagePage> {
  const page = await receiveJson<ImagePage>()(response);
  if (!Array.isArray(page.images)) throw new WrongShape('is not a JSON document with "images"');
  return page;
}

function sendDataRequest({ range, prefer }: DataRequest = {}): Sent {
  return {
    ...prefer !== undefined && { query: [["prefer", prefer.join(",")]] },
    headers: {
      accept: "application/octet-stream, application/json;q=0.9",
      ...range !== undefined && { range: formatRange(range) },
    },
  };
}

function sendData(data: BodyInit, request: UploadRequest = {}): Sent {
  const headers: Record<string, string> = { "content-type": "application/octet-stream" };
  if (request.size !== undefined) headers["x-openstack-image-size"] = String(request.size);
  if (request.storeId !== undefined) headers["x-image-meta-store"] = headerText(request.storeId);
  if (request.baseImageRef !== undefined) {
    headers["x-openstack-base-image-ref"] = headerText(request.baseImageRef);
  }
  return { headers, body: data };
}

/** A header value of any text: what is not printable ASCII is percent-encoded, as glanceclient does. */
function headerText(value: string): string {
  return String(value).replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent);
}
