/**
 * The part of the operation table about images: their records, states, imports, places and tasks.
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
} from "../define.ts";
import type { GlanceImage, ImageLocation, ValidationData } from "../types.ts";
import type { GlanceTask, ImagePage, ImportRequest, NewImage, Query } from "../wire.ts";

/** Operations on images. */
export interface ImageOperations {
  /** One page of the images that the caller sees. `GET /v2/images`, since 2.0. */
  "list"(query?: Query): ImagePage;
  /** One image. `GET /v2/images/{image_id}`, since 2.0. */
  "get"(imageId: string): GlanceImage;
  /** A new image, without data. `POST /v2/images`, since 2.0. */
  "create"(image: NewImage): GlanceImage;
  /** The image as it is after the changes. `PATCH /v2/images/{image_id}`, since 2.1. */
  "update"(imageId: string, patch: JsonPatch): GlanceImage;
  /** Deletes an image. `DELETE /v2/images/{image_id}`, since 2.0. */
  "delete"(imageId: string): void;
  /** Fills an image in the background. `POST /v2/images/{image_id}/import`, since 2.6. */
  "import"(imageId: string, request: ImportRequest): void;
  /** Locks the data of an image. `POST /v2/images/{image_id}/actions/deactivate`, since 2.3. */
  "deactivate"(imageId: string): void;
  /** Unlocks it. `POST /v2/images/{image_id}/actions/reactivate`, since 2.3. */
  "reactivate"(imageId: string): void;
  /** Tells where the data already is. `POST /v2/images/{image_id}/locations`, since 2.17. */
  "addImageLocation"(imageId: string, url: string, validationData?: ValidationData): void;
  /** Where the data is. `GET /v2/images/{image_id}/locations`, since 2.17. */
  "getImageLocations"(imageId: string): readonly ImageLocation[];
  /** What Glance has done with an image. `GET /v2/images/{image_id}/tasks`, since 2.12. */
  "tasks"(imageId: string): readonly GlanceTask[];
  /** Deletes the data in one of its stores. `DELETE /v2/stores/{store_id}/{image_id}`, since 2.10. */
  "deleteFromStore"(storeId: string, imageId: string): void;
}

const IMAGE = "/v2/images/{image_id}";
const LOCATIONS = `${IMAGE}/locations`;

/** Its rows. */
export const IMAGE_ROWS: OperationDefinitions<ImageOperations> = {
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
  // A repeat with the same id answers 409: the service chooses the id and knows its own image.
  "create": defineOperation('create an image "{name}"', "POST", "/v2/images", "2.0", {
    mediaType: JSON_TYPE,
    success: [201],
    errors: {
      400: "a property that is none, or of the wrong type",
      403: "a property that only Glance or an administrator sets",
      409: "the id is taken",
      413: "a quota is reached",
    },
    hints: {
      403: "leave out what only Glance or an administrator sets",
      409: "choose another id, or none",
    },
    send: (image) => ({ json: recordIn("the image", image) }),
    receive: receiveImage,
  }),
  // A repeat may answer 409 for a removal that was done: the service compares and goes on.
  "update": defineOperation('update image "{image_id}"', "PATCH", IMAGE, "2.1", {
    mediaType: PATCH_TYPE,
    success: [200],
    errors: {
      400: "a change that JSON patch has and Glance has not, or a value of the wrong type",
      403: "not the caller's to change, or a property that only Glance sets",
      409: "a property that is to be removed or replaced is not there",
      413: "a quota is reached",
    },
    hints: {
      403: "leave out what only Glance sets, or ask the owner of the image or an administrator",
      409: "show it again, and compute the patch from what it is now",
    },
    send: (_, patch) => ({ json: listIn("the patch", patch).map(changeIn) }),
    receive: receiveImage,
  }),
  "delete": defineOperation('delete image "{image_id}"', "DELETE", IMAGE, "2.0", {
    ...DELETED,
    errors: { 403: "protected, or not the caller's to delete", 409: "in use" },
    hints: { 409: "delete what uses it before" },
  }),
  "import": defineOperation('import image "{image_id}"', "POST", `${IMAGE}/import`, "2.6", {
    mediaType: JSON_TYPE,
    feature: "the import method",
    idempotent: false,
    success: [202],
    errors: {
      400: "the method is not enabled, lacks a parameter, or its source is not allowed",
      403: "not the caller's to import",
      409: "not in a state to be imported, being imported already, or no such store",
      413: "a quota is reached",
      502: "the server that holds the staged data is gone",
      504: "the server that holds the staged data does not answer",
    },
    hints: { 409: "see its status and formats, and wait for what is under way" },
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
      errors: { 403: "neither active nor deactivated, or not the caller's to lock" },
    },
  ),
  "reactivate": defineOperation(
    'reactivate image "{image_id}"',
    "POST",
    `${IMAGE}/actions/reactivate`,
    "2.3",
    {
      ...NO_CONTENT,
      errors: { 403: "neither active nor deactivated, or not the caller's to unlock" },
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
        400: "no store reads such a URL, or the hash is incomplete",
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
      errors: { 403: "no service" },
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
        403: "its last place, or not the caller's to delete",
        404: "no such image, or it is not in this store",
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
