/**
 * The flags that say how an image is imported, and what they ask of Glance. Pure.
 *
 * @module
 */
import type { ImportRequest } from "../../../api/operations.ts";
import { UsageError } from "../../system/errors.ts";
import type { Flags, Values } from "../../args/command.ts";
import type { System } from "../../system/system.ts";

/** Flags of `image-import` and `image-create-via-import`, but for the method. */
export const IMPORT_FLAGS = {
  "uri": { kind: "text", value: "<IMAGE_URL>", summary: "Where web-download finds the data" },
  "remote-region": {
    kind: "text",
    value: "<REGION>",
    summary: "Region from which glance-download takes an image",
  },
  "remote-image-id": { kind: "text", value: "<IMAGE_ID>", summary: "The image there" },
  "remote-service-interface": {
    kind: "text",
    value: "<INTERFACE>",
    summary: "Interface of the Glance there; public without it",
  },
  "store": {
    kind: "text",
    value: "<STORE>",
    environment: "OS_IMAGE_STORE",
    summary: "Store to import to; the cloud's default without it",
  },
  "stores": {
    kind: "text",
    value: "<STORES>",
    environment: "OS_IMAGE_STORES",
    summary: "Several stores, with commas between them",
  },
  "all-stores": { kind: "truth", summary: "Import to every store" },
  "allow-failure": {
    kind: "truth",
    environment: "OS_IMAGE_ALLOW_FAILURE",
    summary: "Whether some of several stores may fail; True without it",
  },
} as const satisfies Flags;

/** The values of these flags. */
export type ImportValues = Values<typeof IMPORT_FLAGS>;

/** Which flags a method needs, and which are for no other. */
const OWN_FLAGS: Readonly<Record<string, readonly (keyof ImportValues)[]>> = {
  "web-download": ["uri"],
  "glance-download": ["remote-region", "remote-image-id"],
};

/**
 * What the flags ask for.
 *
 * @throws {UsageError} where a flag is missing, or does not go with the method or with another one.
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
      ...uri !== undefined && { uri },
      ...region !== undefined && imageId !== undefined && {
        glance_region: region,
        glance_image_id: imageId,
        glance_service_interface: serviceInterface,
      },
    },
    ...stores.length > 0 && { stores },
    ...values["all-stores"] === true && { all_stores: true },
    ...isSpread && mayFail && { all_stores_must_succeed: false },
  };
}

/** The stores that are named. */
export function storesOf({ store, stores }: ImportValues): readonly string[] {
  if (store !== undefined) return [store];
  return stores?.split(",").map((name) => name.trim()).filter(Boolean) ?? [];
}

/**
 * Says that flags of an import are in vain; what variables say is for imports to come.
 *
 * @throws {UsageError} naming the first of them.
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
    `Cannot use --${
      stray[0]
    }: there is nothing to import; add data with --file, or --import-method`,
  );
}

function checkFlags(method: string, values: ImportValues): void {
  const places = (["store", "stores", "all-stores"] as const)
    .filter((flag) => values[flag] !== undefined && values[flag] !== false);
  if (places.length > 1) {
    throw new UsageError(
      `Cannot use --${
        places.join(" together with --")
      }: they say the same in different ways; leave one of them out`,
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
    'Cannot import by "copy-image": it is not said where to; add --stores or --all-stores',
  );
}
