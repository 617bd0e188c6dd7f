/** Operations of images: records, status, imports, locations, and tasks. */
import { jsonBody, listIn, queryIn, recordIn, textIn } from "./arguments.ts";
import { changeIn, hashIn, importIn } from "./image_arguments.ts";
import type { JsonPatch } from "../patch.ts";
import { receiveImage, receiveImages, receiveList, receiveNothing } from "../decode.ts";
import {
  type Defined,
  defineOperation,
  DELETED,
  JSON_TYPE,
  NO_CONTENT,
  type OperationDefinitions,
  PATCH_TYPE,
  tableOf,
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
const LOCATIONS = "/v2/images/{image_id}/locations";

/** Lists one page of images. */
export const LIST_IMAGES: Defined<ImageOperations, "list"> = /* @__PURE__ */ defineOperation(
  "list images",
  "GET",
  "/v2/images",
  "2.0",
  {
    success: [200],
    send: (query = []) => ({ query: queryIn(query) }),
    receive: receiveImages,
  },
);

export const GET_IMAGE: Defined<ImageOperations, "get"> = /* @__PURE__ */ defineOperation(
  'show image "{image_id}"',
  "GET",
  IMAGE,
  "2.0",
  {
    success: [200],
    receive: receiveImage,
  },
);

/**
 * Creates an image, without data. A retry with the same id gets 409; since the service chooses the id, it recognizes its
 * own image. Without an id, a retry would create a second image.
 */
export const CREATE_IMAGE: Defined<ImageOperations, "create"> = /* @__PURE__ */ defineOperation(
  'create an image "{name}"',
  "POST",
  "/v2/images",
  "2.0",
  {
    mediaType: JSON_TYPE,
    success: [201],
    isIdempotentWith: ({ id }) => typeof id === "string",
    send: (image) => jsonBody(recordIn("the image", image)),
    receive: receiveImage,
  },
);

/** Updates an image. A retry may get 409 for a removal that succeeded; the service compares again. */
export const UPDATE_IMAGE: Defined<ImageOperations, "update"> = /* @__PURE__ */ defineOperation(
  'update image "{image_id}"',
  "PATCH",
  IMAGE,
  "2.1",
  {
    mediaType: PATCH_TYPE,
    success: [200],
    send: (_, patch) => jsonBody(listIn("the patch", patch).map(changeIn)),
    receive: receiveImage,
  },
);

export const DELETE_IMAGE: Defined<ImageOperations, "delete"> = /* @__PURE__ */ defineOperation(
  'delete image "{image_id}"',
  "DELETE",
  IMAGE,
  "2.0",
  {
    success: [204],
    alreadyDoneStatus: 404,
    receive: receiveNothing,
  },
);

/** Starts an import. */
export const IMPORT_IMAGE: Defined<ImageOperations, "import"> = /* @__PURE__ */ defineOperation(
  'import image "{image_id}"',
  "POST",
  "/v2/images/{image_id}/import",
  "2.6",
  {
    mediaType: JSON_TYPE,
    feature: "the import method",
    idempotent: false,
    success: [202],
    send: (_, request) => jsonBody(importIn(request)),
    receive: receiveNothing,
  },
);

export const ADD_IMAGE_LOCATION: Defined<ImageOperations, "addImageLocation"> =
  /* @__PURE__ */ defineOperation(
    'add a location to image "{image_id}"',
    "POST",
    LOCATIONS,
    "2.17",
    {
      mediaType: JSON_TYPE,
      idempotent: false,
      success: [202],
      send: (_, url, validation_data) =>
        jsonBody({
          url: textIn("the URL", url),
          validation_data: validation_data === undefined ? undefined : hashIn(validation_data),
        }),
      receive: receiveNothing,
    },
  );

export const GET_IMAGE_LOCATIONS: Defined<ImageOperations, "getImageLocations"> =
  /* @__PURE__ */ defineOperation(
    'show the locations of image "{image_id}"',
    "GET",
    LOCATIONS,
    "2.17",
    {
      success: [200],
      receive: /* @__PURE__ */ receiveList(),
    },
  );

export const LIST_IMAGE_TASKS: Defined<ImageOperations, "tasks"> = /* @__PURE__ */ defineOperation(
  'list the tasks of image "{image_id}"',
  "GET",
  "/v2/images/{image_id}/tasks",
  "2.12",
  {
    success: [200],
    receive: /* @__PURE__ */ receiveList("tasks"),
  },
);

/** Denies access to the data to all but administrators. */
export const DEACTIVATE_IMAGE: Defined<ImageOperations, "deactivate"> =
  /* @__PURE__ */ defineOperation(
    'deactivate image "{image_id}"',
    "POST",
    "/v2/images/{image_id}/actions/deactivate",
    "2.3",
    NO_CONTENT,
  );

/** Allows access to the data again. */
export const REACTIVATE_IMAGE: Defined<ImageOperations, "reactivate"> =
  /* @__PURE__ */ defineOperation(
    'reactivate image "{image_id}"',
    "POST",
    "/v2/images/{image_id}/actions/reactivate",
    "2.3",
    NO_CONTENT,
  );

/** The operations of images. */
export const IMAGE_OPERATIONS: OperationDefinitions<ImageOperations> = /* @__PURE__ */ tableOf<
  ImageOperations
>(
  () => ({
    "list": LIST_IMAGES,
    "get": GET_IMAGE,
    "create": CREATE_IMAGE,
    "update": UPDATE_IMAGE,
    "delete": DELETE_IMAGE,
    "import": IMPORT_IMAGE,
    "deactivate": DEACTIVATE_IMAGE,
    "reactivate": REACTIVATE_IMAGE,
    "addImageLocation": ADD_IMAGE_LOCATION,
    "getImageLocations": GET_IMAGE_LOCATIONS,
    "tasks": LIST_IMAGE_TASKS,
    "deleteFromStore": defineOperation(
      'delete image "{image_id}" from store "{store_id}"',
      "DELETE",
      "/v2/stores/{store_id}/{image_id}",
      "2.10",
      {
        ...DELETED,
        feature: "multi-store",
      },
    ),
  }),
);
