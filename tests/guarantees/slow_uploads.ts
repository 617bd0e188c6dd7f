/** Uploads that Glance still stores when a proxy times out or a connection breaks. */
import type { Guarantee } from "./guarantee.ts";

export const SLOW_UPLOADS: readonly Guarantee[] = [
  [
    "An upload waits while the image is saving, after a proxy's 504 and after silence.",
    "transfer/upload/upload_wait_test.ts: create() of … waits while the image is saving when …",
    "sockets/upload_proxies_test.ts: create() of … waits after nginx's 504 with proxy_request_buffering …",
    "cli/upload_test.ts: image-create waits and prints that it waits when a proxy times out while Glance stores the data",
  ],
  [
    "An image whose bytes are complete is never deleted while it is saving.",
    "transfer/upload/upload_wait_test.ts: create() keeps an image that is saving without a change for an hour when …",
    "transfer/upload/upload_wait_test.ts: create() keeps an image that is saving when it is aborted after the last byte",
    "sockets/upload_responses_test.ts: create() keeps an image of which nothing is heard for an hour",
  ],
  [
    "Only of a stream does a message say that its data can be read only once.",
    "transfer/upload/upload_request_test.ts: upload() reports that data can be read only once when it is a stream, and only then",
    "cli/upload_test.ts: image-create prints that standard input, but no file, can be read only once",
  ],
  [
    "A token that is refused during an upload is renewed once, and re-readable data is sent again.",
    "transfer/upload/upload_request_test.ts: upload() renews a refused token once, and sends data that can be read again",
    "sockets/upload_proxies_test.ts: create() renews the token when nginx rejects it without reading the data",
  ],
  [
    "A proxy that requires a length gets the size when it is known; otherwise the error has a hint.",
    "transfer/upload/upload_request_test.ts: upload() throws an error with a hint when a proxy requires a length that is unknown",
    "sockets/upload_proxies_test.ts: create() sends the size that lighttpd requires, and throws a hint when it is unknown",
    "cli/upload_test.ts: image-create sends the size of a file, and prints a hint when the size of a pipe is required",
  ],
  [
    "A browser sends Blobs and byte arrays as they are.",
    "transfer/upload/upload_request_test.ts: upload() sends a Blob as it is in a browser, and compares its hash",
    "runtimes/suite.ts: upload Blob",
    "runtimes/suite.ts: upload bytes",
  ],
  [
    "The module and the router run on every runtime, and the module in Chromium.",
    "runtimes/matrix_test.ts: every runtime passes the same checks with the module and the router",
  ],
];
