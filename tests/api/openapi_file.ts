/** Writes `lib/api/openapi/openapi.json`, the OpenAPI document of the Image API: `deno task docs:openapi`. */
import { DEFINITIONS } from "../../lib/api/operations.ts";
import { openApiDocument } from "../../lib/api/openapi/document.ts";

export const OPENAPI_FILE = new URL("../../lib/api/openapi/openapi.json", import.meta.url);

/** The text of the file. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(DEFINITIONS), null, 2)}\n`;
}

if (import.meta.main) await Deno.writeTextFile(OPENAPI_FILE, openApiText());
