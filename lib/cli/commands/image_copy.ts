/**
 * `image-copy`: an image from one cloud, project or region to another.
 *
 * @module
 */
import { regionsInCatalog } from "../../auth/catalog.ts";
import type { Connection } from "../../connect.ts";
import type { ImageMeta, ImageVisibility } from "../../api/types.ts";
import { copyImage, type CopyOptions } from "../../jobs/copy_image.ts";
import { CommandFailed, UsageError } from "../system/errors.ts";
import { ask, imageOf } from "./shared/find_image.ts";
import {
  type Command,
  command,
  type Flags,
  type Invocation,
  type Values,
} from "../args/command.ts";
import { keyAndValue } from "./shared/image_fields.ts";
import { printImage } from "../output/records.ts";
import { checkStores } from "./shared/stores.ts";
import {
  CONNECTION_FLAGS,
  connectionsFrom,
  PROGRESS_FLAGS,
  withProgress,
} from "./shared/transfer.ts";

const FLAGS = {
  "to-cloud": {
    kind: "text",
    value: "<CLOUD>",
    summary: "Name of the other cloud in clouds.yaml; the same cloud without it",
  },
  "to-region": { kind: "text", value: "<REGION>", summary: "Region of that cloud" },
  "name": { kind: "text", value: "<NAME>", summary: "Name of the copy; the same without it" },
  "visibility": {
    kind: "text",
    value: "<VISIBILITY>",
    summary: "Who can see the copy; as the image, if you may, without it",
  },
  "property": {
    kind: "list",
    value: "<KEY=VALUE>",
    summary: "Property that the copy has besides, or instead; may be repeated",
  },
  "remove-property": {
    kind: "list",
    value: "<KEY>",
    summary: "Property that the copy does not have; may be repeated",
  },
  "store": {
    kind: "text",
    value: "<STORE>",
    summary: "Store of the other cloud to write to; its default without it",
  },
  "verify": {
    kind: "text",
    value: "<HOW>",
    choices: ["auto", "required"],
    summary: "required: fail where the image has no hash to compare",
  },
  ...CONNECTION_FLAGS,
  ...PROGRESS_FLAGS,
} as const satisfies Flags;

type CopyCall = Invocation<Values<typeof FLAGS>>;

/** The row of `image-copy`. */
export const IMAGE_COPY: Command = command({
  name: "image-copy",
  summary: "Copy an image to another cloud, or to another region",
  details:
    "The data goes from one to the other in one stream, with nothing on the disk; what the other cloud has stored is compared with what the image is. If anything fails, nothing is left there. The copy has the name, formats, tags and properties of the image.",
  positionals: [{ name: "<IMAGE>", summary: "Id or name of the image" }],
  flags: FLAGS,
  async run(invocation) {
    const { "to-cloud": cloud, "to-region": region, store } = invocation.values;
    if (cloud === undefined && region === undefined) {
      throw new UsageError(
        "Cannot copy an image: it is not said where to; add --to-cloud, or --to-region for another region of the same cloud",
      );
    }
    const options = copyOptions(invocation);
    const { id, connection: from } = await imageOf(invocation);
    const to = await invocation.connectTo({
      ...cloud !== undefined && { cloud },
      ...region !== undefined && { region },
    });
    if (region !== undefined) checkRegion(to, region);
    await checkElsewhere(invocation, from, to);
    await checkStores(invocation, to, [store ?? []].flat());
    const copy = await withProgress(
      invocation,
      (onProgress) => copyImage(from, to, id, { ...options, onProgress }),
    );
    await printImage(invocation, await ask(invocation, to, "get", copy.id));
  },
});

/**
 * What the flags ask of the library.
 *
 * @throws {UsageError} where a property is not written as `KEY=VALUE`.
 */
function copyOptions({ values, system }: CopyCall): CopyOptions {
  const { name, visibility, property, "remove-property": removed, store, verify } = values;
  const properties = Object.fromEntries<string | null>([
    ...removed.map((key) => [key, null] as const),
    ...property.map((text) => keyAndValue("--property", text)),
  ]);
  const meta: ImageMeta = {
    properties,
    ...name !== undefined && { name },
    // Which words there are is for the cloud to say.
    ...visibility !== undefined && { visibility: visibility as ImageVisibility },
  };
  return {
    meta,
    signal: system.signal,
    ...connectionsFrom(values),
    ...store !== undefined && { storeId: store },
    // `choices` of the flag holds nothing else.
    ...verify !== undefined && { verify: verify as "auto" | "required" },
  };
}

/**
 * A region that the catalog does not have would be another one: Cinder's rule, which is not meant here.
 *
 * @throws {CommandFailed} naming the regions that there are.
 */
function checkRegion({ service, context }: Connection, region: string): void {
  const { serviceCatalog } = context;
  if (serviceCatalog === undefined) return;
  const regions = regionsInCatalog(
    serviceCatalog,
    service.client.options.catalogInfo.serviceType,
  );
  if (regions.includes(region)) return;
  throw new CommandFailed(
    `Cannot copy to the region "${region}": the cloud has images in "${
      regions.join('", "')
    }"; correct --to-region`,
  );
}

/** @throws {CommandFailed} where the copy would stand beside the image, and be the same in everything. */
async function checkElsewhere(
  invocation: CopyCall,
  from: Connection,
  to: Connection,
): Promise<void> {
  const { name, visibility, property, store } = invocation.values;
  const differs = name !== undefined || visibility !== undefined || store !== undefined ||
    property.length + invocation.values["remove-property"].length > 0;
  if (differs || await placeOf(from) !== await placeOf(to)) return;
  throw new CommandFailed(
    `Cannot copy image "${
      invocation.positionals[0]
    }" to where it is: this is the same project of the same cloud; name another, or give the copy another --name or --store`,
  );
}

/** Which Glance, and whose images. */
async function placeOf({ service, context }: Connection): Promise<string> {
  const servers = await service.client.servers(context);
  const endpoints = servers.map(({ endpoint }) => endpoint).sort();
  return JSON.stringify([endpoints, context.projectId ?? null]);
}
