/** Uploads through the gateway and into the embedded Glance: time, memory and progress. */
import type { Guarantee } from "./guarantee.ts";

export const UPLOADS: readonly Guarantee[] = [
  [
    "The time of a chunked upload is linear in its size: no body is queued ahead of its reader.",
    "cli/http_server/http_server_test.ts: serve() reads a body no faster than its handler when the client sends faster",
    "bench/upload.ts: upload, …, through the gateway",
  ],
  [
    "The gateway's README names a listener with the same property for programs that use the router on Deno.",
    "readme_test.ts: every TypeScript block of … runs",
  ],
  [
    "An upload through the gateway, and one into --data, keeps its share of nginx's speed.",
    "bench/upload.ts: upload, …, through the gateway",
    "bench/upload.ts: upload, …, into --data",
  ],
  [
    "An upload to a slow store adds at most 64 MiB to the process.",
    "router/forward/upload_test.ts: PUT /file reads from the client as fast as the server reads",
    "runtimes/suite.ts: upload queue",
    "bench/upload.ts: memory added by an upload, …, to a store of … MB/s",
  ],
  [
    "The listener of `start` does not slow downloads down.",
    "bench/gateway.ts: gateway, file, resume armed",
    "bench/gateway.ts: gateway, file, pass-through",
  ],
  [
    "Progress counts bytes that the server has accepted.",
    "transfer/upload/upload_request_test.ts: upload() reports a chunk when the runtime reads the next, and a known total after the response",
    "transfer/upload/upload_request_test.ts: upload() never reports a known total when the data was not stored",
    "cli/upload_test.ts: image-create shows 100 % only at the end",
  ],
  [
    "A creation that is aborted leaves no image, or a message names it.",
    "images/create_image_test.ts: create() leaves no image if it is aborted …",
    "images/create_image_test.ts: create() names the image if it is aborted and cannot delete it",
    "cli/interrupted_creation_test.ts: … leaves no unnamed image when it is interrupted at a request",
    "page/chromium/interruptions_test.ts: Upload() leaves no image if it is canceled while its image is created",
  ],
  [
    "An upload or a staging that is acknowledged before its last byte is an error.",
    "transfer/upload/staging_test.ts: stage() throws UnexpectedResponse when a stream is acknowledged before its last byte and the staged size is …",
    "sockets/upload_responses_test.ts: create() fails and leaves no image when a 204 arrives while the source of a stream waits",
    "sockets/gateway_uploads_test.ts: PUT /… responds with 502 when a … body is acknowledged before its end and the server …",
  ],
  [
    "Data that Glance refuses since 2025.1 is refused before a byte is sent, and no image is created.",
    "transfer/upload/inspection_test.ts: create() of … sends no request when the data is of another format",
    "transfer/upload/inspection_test.ts: create() refuses unsafe data, whatever it is called",
    "transfer/upload/inspection_test.ts: update() reads the record for the disk format, and sends nothing that Glance refuses",
    "router/on_demand/refuse_unsafe_test.ts: PUT /file responds with 415 as Glance does, and sends nothing, when the data is of another format",
  ],
  [
    "The inspection of an upload loses no byte, whatever the source and its chunks.",
    "transfer/upload/inspection_test.ts: create() sends each byte once in chunks of … bytes",
    "transfer/upload/inspection_test.ts: create() cancels a stream that it refuses, and one whose image cannot be created",
  ],
  [
    "A broken upload of which Glance has stored a part is an error.",
    "transfer/upload/upload_test.ts: upload() throws when a stream breaks before its last byte and the image has the bytes before",
  ],
];
