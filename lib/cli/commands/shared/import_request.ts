/** Flags of imports, and the import request built from them. Pure. */
import { text, truth } from "../../args/flags.ts";
import type { ImportRequest } from "../../../api/operations.ts";
import { UsageError } from "../../system/errors.ts";
import type { Flags, Values } from "../../args/command.ts";
import { storeNames } from "./stores.ts";
import type { System } from "../../system/system.ts";

/** Flags of `image-import` and `image-create-via-import`, except the import method. */
export const IMPORT_FLAGS = {
  "uri": text("<IMAGE_URL>", "URL of the data, for web-download"),
  "remote-region": text("<REGION>", "Region to import from, for glance-download"),
  "remote-image-id": text("<IMAGE_ID>", "Id of the image in that region"),
  "remote-service-interface": text(
    "<INTERFACE>",
    "Interface of Glance in that region (default: public)",
  ),
  "store": text("<STORE>", "Store for the data (default: the cloud's default)", {
    environment: "OS_IMAGE_STORE",
  }),
  "stores": text("<STORES>", "Several stores, separated by commas", {
    environment: "OS_IMAGE_STORES",
  }),
  "all-stores": truth("Import to all stores"),
  "allow-failure": truth("Whether some of several stores may fail (default: True)", {
    environment: "OS_IMAGE_ALLOW_FAILURE",
  }),
} as const satisfies Flags;

/** The values of `IMPORT_FLAGS`. */
export type ImportValues = Values<typeof IMPORT_FLAGS>;

/** Flags that a method requires and that no other method allows. */
const OWN_FLAGS: Readonly<Record<string, readonly (keyof ImportValues)[]>> = {
  "web-download": ["uri"],
  "glance-download": ["remote-region", "remote-image-id"],
};

/**
 * The import request.
 *
 * @throws {UsageError} if a required flag is missing, or flags contradict the method or each other.
 */
export function importRequestFrom(method: string, values: ImportValues): ImportRequest {
  checkFlags(method, values);
  const { uri, "allow-failure": mayFail = true } = values;
  const { "remote-region": region, "remote-image-id": imageId } = values;
  const { "remote-service-interface": serviceInterface = "public" } = values;
  const stores = storesOf(values);
  const isSpread = values["all-stores"] === true || values["stores"] !== undefined;
  return {
    method: {
      name: method,
      uri,
      glance_region: region,
      glance_image_id: imageId,
      glance_service_interface: region && serviceInterface,
    },
    stores: stores.length > 0 ? stores : undefined,
    all_stores: values["all-stores"] || undefined,
    all_stores_must_succeed: isSpread && mayFail ? false : undefined,
  };
}

export function storesOf({ store, stores }: ImportValues): readonly string[] {
  if (store !== undefined) return [store];
  return storeNames(stores) ?? [];
}

/**
 * Checks that no flag of an import is given. Environment variables are ignored: they are meant for all
 * commands.
 *
 * @throws {UsageError} if a flag is given.
 */
export function checkWithoutImport(values: ImportValues, environment: System["environment"]): void {
  const stray = Object.entries<Flags[string]>(IMPORT_FLAGS).find(
    ([name, { environment: variable }]) => {
      const value = (values as Readonly<Record<string, unknown>>)[name];
      return value !== undefined && value !== false && !environment[variable ?? ""];
    },
  );
  if (stray === undefined) return;
  throw new UsageError(
    `Cannot use --${stray[0]}: there is nothing to import; add --file or --import-method`,
  );
}

function checkFlags(method: string, values: ImportValues): void {
  const places = (["store", "stores", "all-stores"] as const)
    .filter((flag) => values[flag] !== undefined && values[flag] !== false);
  if (places.length > 1) {
    throw new UsageError(
      `Cannot use --${
        places.join(" together with --")
      }: each chooses the stores; leave one of them out`,
    );
  }
  for (const [owner, flags] of Object.entries(OWN_FLAGS)) {
    const isOwn = owner === method;
    const wrong = flags.find((flag) => (values[flag] !== undefined) !== isOwn);
    if (wrong === undefined) continue;
    throw new UsageError(
      isOwn
        ? `Cannot import by "${method}": --${wrong} is missing; add it`
        : `Cannot use --${wrong}: the import method is "${method}" and must be "${owner}"; correct --import-method`,
    );
  }
  const hasPlace = places.length > 0 && places[0] !== "store";
  if (method !== "copy-image" || hasPlace) return;
  throw new UsageError(
    'Cannot import by "copy-image": the target stores are missing; add --stores or --all-stores',
  );
}
