/** Operations of image data. */
import { formatRange } from "../../http/byte_range.ts";
import { countIn, dataIn, encoded, rangeIn, recordIn, textIn, textsIn } from "./arguments.ts";
import type { RequestParts } from "../operation.ts";
import { receiveNothing } from "../decode.ts";
import {
  DATA_TYPE,
  type Defined,
  defineOperation,
  type OperationDefinitions,
  tableOf,
} from "./define.ts";
import type { DataBody, DataRequest, UploadRequest } from "../wire.ts";

/** Operations on image data. */
export interface DataOperations {
  /** Returns the response with the data, unread. `GET /v2/images/{image_id}/file`, since 2.0. */
  "data"(imageId: string, request?: DataRequest): Response;
  /** Stores the data of a queued image. `PUT /v2/images/{image_id}/file`, since 2.0. */
  "upload"(imageId: string, data: DataBody, request?: UploadRequest): void;
  /** Stages data for an import. `PUT /v2/images/{image_id}/stage`, since 2.6. */
  "stage"(imageId: string, data: DataBody, request?: UploadRequest): void;
}

const FILE = "/v2/images/{image_id}/file";
const STAGE = "/v2/images/{image_id}/stage";

/** Returns the data, unread. */
const GET_IMAGE_DATA: Defined<DataOperations, "data"> = /* @__PURE__ */ readOperation(
  checkedDataRequest,
);

/** The same, for a request that is known to be valid. */
export const READ_IMAGE_DATA: Defined<DataOperations, "data"> = /* @__PURE__ */ readOperation(
  (request) => request,
);

function readOperation(
  checked: (request: DataRequest) => DataRequest,
): Defined<DataOperations, "data"> {
  return defineOperation('download image "{image_id}"', "GET", FILE, "2.0", {
    success: [200, 204, 206],
    send: (_, request = {}) => sendDataRequest(checked(request)),
    receive: "response",
  });
}

export const UPLOAD_IMAGE_DATA: Defined<DataOperations, "upload"> = /* @__PURE__ */ defineOperation(
  'upload image "{image_id}"',
  "PUT",
  FILE,
  "2.0",
  {
    mediaType: DATA_TYPE,
    idempotent: false,
    success: [204],
    send: (_, data, request = {}) => sendData(data, recordIn("the request", request)),
    receive: receiveNothing,
  },
);

export const STAGE_IMAGE_DATA: Defined<DataOperations, "stage"> = /* @__PURE__ */ defineOperation(
  'stage image "{image_id}"',
  "PUT",
  STAGE,
  "2.6",
  {
    mediaType: DATA_TYPE,
    feature: "the import method glance-direct",
    idempotent: false,
    success: [204],
    send: (_, data, request = {}) => sendData(data, recordIn("the request", request)),
    receive: receiveNothing,
  },
);

/** The operations of image data. */
export const DATA_OPERATIONS: OperationDefinitions<DataOperations> = /* @__PURE__ */ tableOf<
  DataOperations
>(
  () => ({
    "data": GET_IMAGE_DATA,
    "upload": UPLOAD_IMAGE_DATA,
    "stage": STAGE_IMAGE_DATA,
  }),
);

function checkedDataRequest(request: DataRequest): DataRequest {
  const { range, prefer } = recordIn("the request", request);
  return {
    range: range === undefined ? undefined : rangeIn(range),
    prefer: prefer === undefined ? undefined : textsIn("prefer", prefer),
  };
}

function sendDataRequest({ range, prefer = [] }: DataRequest): RequestParts {
  return {
    query: prefer.length > 0 ? [["prefer", prefer.join(",")]] : undefined,
    headers: {
      accept: "application/octet-stream, application/json;q=0.9",
      // Fetch would send an undefined header as text.
      ...range !== undefined && { range: formatRange(range) },
    },
  };
}

function sendData(data: unknown, request: Readonly<Record<string, unknown>>): RequestParts {
  const { size, storeId, baseImageRef } = request;
  const headers: Record<string, string> = {};
  if (size !== undefined) {
    const length = String(countIn("the size", size));
    headers["x-openstack-image-size"] = length;
    // `fetch` determines the length of every body but a stream.
    if (data instanceof ReadableStream) headers["content-length"] = length;
  }
  if (storeId !== undefined) {
    headers["x-image-meta-store"] = headerText("the store", storeId);
  }
  if (baseImageRef !== undefined) {
    headers["x-openstack-base-image-ref"] = headerText("the base image", baseImageRef);
  }
  return { headers, body: dataIn(data) };
}

/**
 * A header value, with everything but printable ASCII percent-encoded, as glanceclient does. Accepts a
 * number, too.
 */
function headerText(what: string, value: unknown): string {
  const text = textIn(what, typeof value === "number" ? String(value) : value);
  return text.replaceAll(/[^\x21-\x7e]+/g, encoded);
}
