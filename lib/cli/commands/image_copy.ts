/** `image-copy`: copies an image to another cloud, project, or region. */
import { text } from "../args/flags.ts";
import { type CopyOptions, copyRecord, type ServiceAccess } from "../../jobs/copy_image.ts";
import { GlanceImageService } from "../../images/service.ts";
import { CommandFailed, UsageError } from "../system/errors.ts";
import { findImage, IMAGE } from "./shared/find_image.ts";
import { type CloudConnection, command, type Flags, type Invocation } from "../args/command.ts";
import { COPY_FLAGS, copyOptionsFrom } from "./shared/copy_options.ts";
import { CHANGED_IMAGE_OUTPUT } from "./shared/image_columns.ts";
import { printImage } from "../output/records.ts";
import { checkStores } from "./shared/stores.ts";
import {
  CONNECTION_FLAGS,
  connectionsFrom,
  PROGRESS_FLAGS,
  withProgress,
} from "./shared/transfer.ts";

const FLAGS = {
  "to-cloud": text("<CLOUD>", "Target cloud in clouds.yaml (default: the same cloud)"),
  "to-region": text("<REGION>", "Target region"),
  ...COPY_FLAGS,
  ...CONNECTION_FLAGS,
  ...PROGRESS_FLAGS,
} as const satisfies Flags;

type CopyCall = Invocation<typeof FLAGS>;

export const COMMANDS = {
  "image-copy": command({
    details:
      "The data is streamed from one cloud to the other without touching the disk. The size and hash of the copy are compared with those of the image. If anything fails, the copy is deleted. The copy has the name, formats, tags and properties of the image.",
    positionals: [IMAGE],
    flags: FLAGS,
    output: CHANGED_IMAGE_OUTPUT,
    async run(invocation, image) {
      const { "to-cloud": cloud, "to-region": region, store } = invocation.values;
      if (cloud === undefined && region === undefined) {
        throw new UsageError(
          "Cannot copy an image: the target is missing; add --to-cloud, or --to-region for another region of the same cloud",
        );
      }
      const { values } = invocation;
      const options: CopyOptions = { ...copyOptionsFrom(values), ...connectionsFrom(values) };
      const { id, record } = await findImage(invocation, image);
      const from = await invocation.connect();
      const to = await invocation.connectTo({ cloud, region });
      await checkElsewhere(invocation, from, to);
      await checkStores(to, invocation.system.signal, store);
      const copy = await withProgress(
        invocation,
        { name: image },
        (transfer) =>
          copyRecord(accessTo(from), accessTo(to), id, { ...options, ...transfer }, record),
      );
      await printImage(invocation, copy);
    },
  }),
};

function accessTo({ client, context }: CloudConnection): ServiceAccess {
  return { service: new GlanceImageService(client), context };
}

/** @throws {CommandFailed} if the copy would be identical to the image, in the same project. */
async function checkElsewhere(
  invocation: CopyCall,
  from: CloudConnection,
  to: CloudConnection,
): Promise<void> {
  const { name, visibility, property, store } = invocation.values;
  const differs = name !== undefined || visibility !== undefined || store !== undefined ||
    property.length + invocation.values["remove-property"].length > 0;
  if (differs || await placeKey(from) !== await placeKey(to)) return;
  throw new CommandFailed(
    `Cannot copy image "${
      invocation.positionals[0]
    }" to itself: the target is the same project of the same cloud; choose another target, or give the copy another --name or --store`,
  );
}

/** Identifies a Glance and a project. */
async function placeKey({ client, context }: CloudConnection): Promise<string> {
  const servers = await client.servers(context);
  const endpoints = servers.map(({ endpoint }) => endpoint).sort();
  return JSON.stringify([endpoints, context.projectId ?? null]);
}
