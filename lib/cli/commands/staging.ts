/** `image-stage`, and staging of data for other commands. */
import type { SentData } from "../../transfer/upload/upload_state.ts";
import { stage } from "../../transfer/upload/staging.ts";
import { sourceOf } from "../../transfer/upload/upload_source.ts";
import { findImageId, IMAGE, sessionOf } from "./shared/find_image.ts";
import { command, type Invocation } from "../args/command.ts";
import { NO_TABLE } from "./shared/image_columns.ts";
import { PROGRESS_FLAGS, withProgress } from "./shared/transfer.ts";
import { fileName } from "../files/file_name.ts";
import { FILE_FLAGS, type FoundBytes, requireBytes, SIZE_FLAGS } from "../files/upload_input.ts";

export const COMMANDS = {
  "image-stage": command({
    details:
      'Glance keeps staged data until "glance-edge image-import" imports it. If the connection breaks, a file is sent again; standard input cannot be.',
    positionals: [IMAGE],
    output: NO_TABLE,
    flags: { ...FILE_FLAGS, ...SIZE_FLAGS, ...PROGRESS_FLAGS },
    async run(invocation, image) {
      const bytes = await requireBytes(invocation, "stage an image");
      const id = await findImageId(invocation, image);
      const size = invocation.values["size"] ?? bytes.size;
      await stageBytes(invocation, id, { ...bytes, size });
    },
  }),
};

/**
 * Stages the data of an image and shows the progress.
 *
 * @param isOwn whether this command has created the image
 * @returns the size and the hash of the data
 */
export async function stageBytes(
  invocation: Invocation<typeof PROGRESS_FLAGS>,
  imageId: string,
  { name, data, size }: FoundBytes,
  isOwn: boolean = false,
): Promise<SentData> {
  const session = await sessionOf(invocation);
  const source = sourceOf(data, size ?? undefined);
  return await withProgress(
    invocation,
    { name: fileName(name) },
    ({ onProgress }) => stage(session, imageId, source, { onProgress }, isOwn),
  );
}
