/**
 * Operations of images: records, status, imports, locations, and tasks.
 *
 * @module
 */
import { listIn, queryIn, recordIn, textIn, textsIn, truthIn, wordIn } from "../arguments.ts";
import type { RequestParts } from "../operation.ts";
import type { JsonPatch } from "../patch.ts";
import { receiveImage, receiveImages, receiveList, receiveNothing } from "../decode.ts";
import {
  defineOperation,
  DELETED,
  JSON_TYPE,
  NO_CONTENT,
  type OperationDefinitions,
  PATCH_TYPE,
} from "./define.ts";
import type { GlanceImage, ImageLocation, ValidationData } from "../types.ts";
import type { GlanceTask, ImagePage, ImportRequest, NewImage, Query } from "../wire.ts";

/** Operations on images. */
export interface ImageOperations {
  /** Lists one page of images. `GET /v2/images`, since 2.0. */
  "list"(query?: Query): ImagePage;
  /** Shows an image. `GET /v2/images/{image_id}`, since 2.0. */
  "get"(imageId: string): GlanceImage;
  /** Creates an image, without data. `POST /v2/images`, since 2.0. */
  "create"(image: NewImage): GlanceImage;
  /** Updates an image, and returns it. `PATCH /v2/images/{image_id}`, since 2.1. */
  "update"(imageId: string, patch: JsonPatch): GlanceImage;
  /** Deletes an image. `DELETE /v2/images/{image_id}`, since 2.0. */
  "delete"(imageId: string): void;
  /** Starts an import of data. `POST /v2/images/{image_id}/import`, since 2.6. */
  "import"(imageId: string, request: ImportRequest): void;
  /** Denies access to the data to all but administrators. `POST /v2/images/{image_id}/actions/deactivate`, since 2.3. */
  "deactivate"(imageId: string): void;
  /** Allows access to the data again. `POST /v2/images/{image_id}/actions/reactivate`, since 2.3. */
  "reactivate"(imageId: string): void;
  /** Adds the location of existing data. `POST /v2/images/{image_id}/locations`, since 2.17. */
  "addImageLocation"(imageId: string, url: string, validationData?: ValidationData): void;
  /** Lists the locations of the data. `GET /v2/images/{image_id}/locations`, since 2.17. */
  "getImageLocations"(imageId: string): readonly ImageLocation[];
  /** Lists the tasks of an image. `GET /v2/images/{image_id}/tasks`, since 2.12. */
  "tasks"(imageId: string): readonly GlanceTask[];
  /** Deletes the data of an image from one store. `DELETE /v2/stores/{store_id}/{image_id}`, since 2.10. */
  "deleteFromStore"(storeId: string, imageId: string): void;
}

const IMAGE = "/v2/images/{image_id}";
const LOCATIONS = `${IMAGE}/locations`;

/** The operations of images. */
export const IMAGE_OPERATIONS: OperationDefinitions<ImageOperations> = {
  "list": defineOperation("list images", "GET", "/v2/images", "2.0", {
    success: [200],
    errors: { 400: "no such marker, sort key or filter value" },
    send: (query = []) => ({ query: queryIn(query) }),
    receive: receiveImages,
  }),
  "get": defineOperation('show image "{image_id}"', "GET", IMAGE, "2.0", {
    success: [200],
    receive: receiveImage,
  }),
  // A retry with the same id gets 409; the service chooses the id, so it knows the image as its own.
  "create": defineOperation('create an image "{name}"', "POST", "/v2/images", "2.0", {
    mediaType: JSON_TYPE,
    success: [201],
    errors: {
      400: "an invalid property",
      403: "a property that only Glance or an administrator sets",
      409: "the id is taken",
      413: "a quota is reached",
    },
    hints: {
      403: "leave out what only Glance or an administrator sets",
      409: "choose another id, or omit it",
    },
    send: (image) => ({ json: recordIn("the image", image) }),
    receive: receiveImage,
  }),
  // A retry may get 409 for a removal that succeeded; the service compares again.
  "update": defineOperation('update image "{image_id}"', "PATCH", IMAGE, "2.1", {
    mediaType: PATCH_TYPE,
    success: [200],
    errors: {
      400: "an operation that Glance does not support, or an invalid value",
      403: "not the owner of the image, or a property that only Glance sets",
      409: "a property to remove or replace does not exist",
      413: "a quota is reached",
    },
    hints: {
      403: "leave out what only Glance sets, or ask the owner of the image or an administrator",
      409: "show the image again, and compute the patch from the new state",
    },
    send: (_, patch) => ({ json: listIn("the patch", patch).map(changeIn) }),
    receive: receiveImage,
  }),
  "delete": defineOperation('delete image "{image_id}"', "DELETE", IMAGE, "2.0", {
    ...DELETED,
    errors: { 403: "protected, or not the owner of the image", 409: "in use" },
    hints: { 409: "delete what uses it before" },
  }),
  "import": defineOperation('import image "{image_id}"', "POST", `${IMAGE}/import`, "2.6", {
    mediaType: JSON_TYPE,
    feature: "the import method",
    idempotent: false,
    success: [202],
    errors: {
      400: "the method is not enabled, lacks a parameter, or its source is not allowed",
      403: "not the owner of the image",
      409: "a status that does not allow an import, an import in progress, or no such store",
      413: "a quota is reached",
      502: "the server that holds the staged data is gone",
      504: "the server that holds the staged data does not answer",
    },
    hints: { 409: "check the status and formats of the image, and wait for a running import" },
    send: (_, request) => ({ json: importIn(request) }),
    receive: receiveNothing,
  }),
  "deactivate": defineOperation(
    'deactivate image "{image_id}"',
    "POST",
    `${IMAGE}/actions/deactivate`,
    "2.3",
    {
      ...NO_CONTENT,
      errors: { 403: "neither active nor deactivated, or not allowed" },
    },
  ),
  "reactivate": defineOperation(
    'reactivate image "{image_id}"',
    "POST",
    `${IMAGE}/actions/reactivate`,
    "2.3",
    {
      ...NO_CONTENT,
      errors: { 403: "neither active nor deactivated, or not allowed" },
    },
  ),
  "addImageLocation": defineOperation(
    'add a location to image "{image_id}"',
    "POST",
    LOCATIONS,
    "2.17",
    {
      mediaType: JSON_TYPE,
      idempotent: false,
      success: [202],
      errors: {
        400: "no store for such a URL, or an incomplete hash",
        403: "neither a service nor the owner with an http store",
        409: "not queued",
      },
      hints: {
        403: "use the credentials of a service, or those of the owner and an http store",
        409: "create an image for it",
      },
      send: (_, url, validation_data) => ({
        json: {
          url: textIn("the URL", url),
          ...validation_data !== undefined && { validation_data: hashIn(validation_data) },
        },
      }),
      receive: receiveNothing,
    },
  ),
  "getImageLocations": defineOperation(
    'show the locations of image "{image_id}"',
    "GET",
    LOCATIONS,
    "2.17",
    {
      success: [200],
      errors: { 403: "not a service" },
      hints: { 403: "use the credentials of a service" },
      receive: receiveList(),
    },
  ),
  "tasks": defineOperation(
    'list the tasks of image "{image_id}"',
    "GET",
    `${IMAGE}/tasks`,
    "2.12",
    {
      success: [200],
      receive: receiveList("tasks"),
    },
  ),
  "deleteFromStore": defineOperation(
    'delete image "{image_id}" from store "{store_id}"',
    "DELETE",
    "/v2/stores/{store_id}/{image_id}",
    "2.10",
    {
      ...DELETED,
      feature: "multi-store",
      errors: {
        403: "its last location, or not the owner of the image",
        404: "no such image, or not in this store",
        409: "no such store, not active, or in use",
      },
      hints: { 404: "list the stores, and see in which of them the image is" },
    },
  ),
};

const CHANGES = ["add", "remove", "replace"];

function changeIn(value: unknown): unknown {
  const change = recordIn("a change of the patch", value);
  wordIn('"op" of a change', change["op"], CHANGES);
  textIn('"path" of a change', change["path"]);
  return change;
}

function importIn(value: unknown): RequestParts["json"] {
  const request = recordIn("the import request", value);
  textIn('"name" of the method', recordIn("the method", request["method"])["name"]);
  const { stores, all_stores, all_stores_must_succeed } = request;
  if (stores !== undefined) textsIn("the list of stores", stores);
  if (all_stores !== undefined) truthIn("all_stores", all_stores);
  if (all_stores_must_succeed !== undefined) {
    truthIn("all_stores_must_succeed", all_stores_must_succeed);
  }
  return request;
}

function hashIn(value: unknown): unknown {
  const hash = recordIn("the validation data", value);
  textIn("os_hash_algo", hash["os_hash_algo"]);
  textIn("os_hash_value", hash["os_hash_value"]);
  return hash;
}
