/** The download of an image that has data: a button in a row with others, and the progress of the download that it has started. */
import type { ComponentChildren, JSX } from "preact";
import type { GlanceImage } from "../../../api/types.ts";
import { GlanceError } from "../../../errors.ts";
import { nameText } from "../../text.ts";
import { Problem } from "../controls/problem.tsx";
import { ENDPOINT, type User } from "../gateway.ts";
import { canWriteFiles, createFile } from "../transfer/download_file.ts";
import { downloadImage } from "../transfer/download_image.ts";
import { ProgressLine } from "../transfer/progress_line.tsx";
import { PageTransfer, useTransfers } from "../transfer/transfer.ts";
import { useAction } from "../use_action.ts";
import { fileNameFor } from "./commands.ts";

export interface DownloadProps {
  readonly user: User;
  readonly image: GlanceImage;
  /** The other buttons of the row. */
  readonly children: ComponentChildren;
}

/** The last download of each image. */
const downloads = new Map<string, PageTransfer>();

/** The errors of files are those of the browser. */
function throwFileError(error: unknown): never {
  if (!(error instanceof DOMException)) throw error;
  const text = `Cannot write the file: ${error.message}; check space and permissions`;
  throw new GlanceError(text, { cause: error });
}

export function Download({ user, image, children }: DownloadProps): JSX.Element {
  useTransfers();
  const { error, run } = useAction();
  const { id, name, disk_format: format, size = null } = image;
  const label = nameText(image);
  const file = fileNameFor({ id, name, format });
  const transfer = downloads.get(id);
  const isRunning = transfer?.status === "running";
  const start = async () => {
    const target = await createFile(file).catch(throwFileError);
    if (target === null) return;
    const work = async (signal: AbortSignal, onProgress: (received: number) => void) => {
      try {
        const verified = await downloadImage(user, id, target, { signal, onProgress });
        await target.save();
        return verified === "hash"
          ? "Downloaded, and its hash is right"
          : "Downloaded. Only its size was verified: the image has no hash";
      } catch (error) {
        await target.discard().catch(() => {});
        if (signal.aborted) throw error;
        return throwFileError(error);
      }
    };
    downloads.set(id, new PageTransfer(size, work));
  };
  // A token must not be in an address, so the browser can only download by itself without one.
  const isPlain = user.context.authToken === undefined;
  const isActive = image.status === "active";
  return (
    <div>
      <div class="actions">
        {isActive && (canWriteFiles()
          ? (
            <button
              type="button"
              class="primary"
              aria-disabled={isRunning}
              onClick={() => isRunning || run(start)}
            >
              Download
            </button>
          )
          : isPlain && (
            <a class="button primary" href={`${ENDPOINT}/v2/images/${id}/file`} download={file}>
              Download
            </a>
          ))}
        {children}
      </div>
      {isActive && !canWriteFiles() && (
        <p class="transfer muted">
          {isPlain
            ? "Without https, the page cannot verify the download. Compare the hash below."
            : "Without https, the page cannot download. Use a command below."}
        </p>
      )}
      {transfer !== undefined && <ProgressLine transfer={transfer} what={`download of ${label}`} />}
      <Problem error={error} />
    </div>
  );
}
