/**
 * What the project guarantees at its edge, and the tests that prove each guarantee. `guarantees_test.ts`
 * checks that every one of these tests exists.
 */
import { ACCESS } from "./guarantees/access.ts";
import { COMPATIBILITY } from "./guarantees/compatibility.ts";
import { CONFIGURATION } from "./guarantees/configuration.ts";
import { EDGE_CACHE } from "./guarantees/edge_cache.ts";
import { IMAGE_FORMATS } from "./guarantees/image_formats.ts";
import { INTERRUPTED_DOWNLOADS } from "./guarantees/interrupted_downloads.ts";
import { RESOURCES } from "./guarantees/resources.ts";
import { RIGHT_BYTES } from "./guarantees/right_bytes.ts";
import { SILENT_SERVERS } from "./guarantees/silent_servers.ts";
import { SLOW_UPLOADS } from "./guarantees/slow_uploads.ts";
import { UPLOADS } from "./guarantees/uploads.ts";
import type { Guarantee } from "./guarantees/guarantee.ts";

export const GUARANTEES: Readonly<Record<string, readonly Guarantee[]>> = {
  "Uploads": UPLOADS,
  "Right bytes": RIGHT_BYTES,
  "Downloads that finish": INTERRUPTED_DOWNLOADS,
  "Uploads that Glance still stores": SLOW_UPLOADS,
  "Silent servers": SILENT_SERVERS,
  "Image formats": IMAGE_FORMATS,
  "Edge cache": EDGE_CACHE,
  "Resources": RESOURCES,
  "Access": ACCESS,
  "Configuration and messages": CONFIGURATION,
  "Responses as Glance sends them": COMPATIBILITY,
};
