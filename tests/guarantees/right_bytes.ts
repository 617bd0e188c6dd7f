/** Wrong responses never reach a client as correct ones. */
import type { Guarantee } from "./guarantee.ts";

export const RIGHT_BYTES: readonly Guarantee[] = [
  [
    "The gateway responds with 502 or resets the connection when a server sends wrong image data.",
    "router/file/wrong_data_test.ts: GET /file responds with an error or resets the connection when a response …",
    "router/file/wrong_data_test.ts: GET /file resets a body with wrong bytes when verify is set, with resume on and off",
  ],
  [
    "The log reports such a response as failed, and only a correct one as complete.",
    "router/file/wrong_data_test.ts: GET /file responds with an error or resets the connection when a response …",
    "router/file/wrong_data_test.ts: GET /file delivers a correct response completely, and logs it as complete",
  ],
  [
    "Data is checked for every header that requests a range, and for administrators.",
    "router/unexpected_responses_test.ts: GET /file responds to Content-Range as to Range, with resume on and off",
    "router/unexpected_responses_test.ts: GET /file returns a deactivated image to an administrator, with the checks of any other",
    "router/unexpected_responses_test.ts: GET /file forwards no data for an image without data",
  ],
  [
    "A command fails at a wrong path, although Glance answers everything with 300.",
    "cli/args/wording_test.ts: runGlance() exits with 1 when the path is wrong and Glance responds to everything with 300",
    "images/response_contract_test.ts: call() names the missing Image API when a wrong path lists the versions",
  ],
  [
    "Every operation refuses a status that it does not promise.",
    "images/response_contract_test.ts: call() throws UnexpectedResponse for each status below 400 that an operation does not define",
    "router/unexpected_responses_test.ts: createImageRouter() responds with 502, and logs a failure, when an operation does not define a status below 400",
  ],
  [
    "Every operation refuses a success whose body is empty or foreign.",
    "images/response_contract_test.ts: call() throws UnexpectedResponse when the document of an operation is empty or foreign",
    "images/response_contract_test.ts: call() throws UnexpectedResponse for a page when the operation has no result",
    "router/unexpected_responses_test.ts: createImageRouter() responds with 502, and logs a failure, when a response is empty or not of the operation",
  ],
  [
    "HEAD for an active image of unknown size announces no length.",
    "router/unexpected_responses_test.ts: HEAD /file announces no length on a socket when the size is unknown",
    "router/unexpected_responses_test.ts: HEAD /file is rejected when the size is unknown and an application around the router would announce 0 bytes",
  ],
  [
    "No header is built from a record value of the wrong type.",
    "router/unexpected_responses_test.ts: GET /file creates no header from a record value of the wrong type",
    "images/response_contract_test.ts: show() throws UnexpectedResponse when size, hash or name has the wrong type",
  ],
  [
    "Data that follows an announced size of 0 is refused with 400.",
    "contract/data_checks.ts: PUT of data with x-openstack-image-size 0 returns 400",
    "router/forward/upload_test.ts: PUT /file is refused and not stored when its length differs from the announced one",
  ],
  [
    "An image href without a host is refused.",
    "images/remote_test.ts: getRemoteImageService() throws InvalidImageRef with a hint for …",
    "api_server_test.ts: parseApiServer() refuses …, and shows the expected form",
  ],
  [
    "Decompressed data is complete: all members are read, and data that is truncated, damaged, or followed by something else is an error.",
    "formats/compression/decompress_test.ts: decompress() returns the content of several members in chunks of any size",
    "formats/compression/decompress_test.ts: decompress() fails for data that ends at any earlier byte",
    "formats/compression/decompress_test.ts: decompress() returns no other content if a byte is changed",
    "formats/compression/decompress_test.ts: decompress() fails for anything that follows the data",
  ],
  [
    "A compressed bomb ends with an error.",
    "formats/compression/decompress_test.ts: decompress() stops a bomb at the limits of its size and of its ratio",
  ],
  [
    "An image that is created from a URL has the published hash, or does not exist.",
    "jobs/from_url/create_image_from_test.ts: createImageFrom() leaves no image and sends no last byte if the hash is wrong",
    "jobs/from_url/create_image_from_test.ts: createImageFrom() leaves no image if the source is damaged, truncated or too large",
    "jobs/from_url/create_image_from_test.ts: createImageFrom() fails if the file changes between two responses",
    "live/from_url_test.ts: --from leaves one active image with the right hash, or none, when the source breaks and the command is killed",
  ],
  [
    "The server of a source receives no token.",
    "jobs/from_url/create_image_from_test.ts: createImageFrom() stores the decompressed content of a URL and sends it no token",
  ],
];
