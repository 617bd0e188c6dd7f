/** `image-audit`: inspects the data of every image. */
import type { ListParameters } from "../../../api/query.ts";
import type { Session } from "../../../api/session.ts";
import type { GlanceImage } from "../../../api/types.ts";
import {
  AuthenticationFailed,
  GlanceConnectionFailed,
  ImageNotFound,
  NotAuthorized,
} from "../../../errors.ts";
import { inspectStored } from "../../../images/inspect_stored.ts";
import { listImages } from "../../../images/list.ts";
import { number } from "../../args/flags.ts";
import { command, type Flags, type Invocation } from "../../args/command.ts";
import { printJson, printList } from "../../output/records.ts";
import { CommandFailed, sentenceOf } from "../../system/errors.ts";
import { FILTER_FLAGS, listParameters } from "../image_list.ts";
import { sessionOf } from "../shared/find_image.ts";
import { AuditReport, findingOf, plural, type Skipped } from "./audit_report.ts";
import { eachConcurrently } from "./concurrency.ts";
import { faultOf } from "./image_faults.ts";

/** Images that are read at the same time. */
const CONCURRENCY = 8;

/** Images in a row for which no server responds, after which the audit ends: the others would take minutes to fail. */
const OUTAGE = 2 * CONCURRENCY;

/** Milliseconds between two updates of the status line. */
const INTERVAL = 100;

/** Characters of the columns on a terminal, and of the lines and spaces of a table of three columns. */
const ID_WIDTH = 36;
const NAME_WIDTH = 12;
const TABLE_WIDTH = 10;

/** Disk formats of kernels, ramdisks, and Amazon machine images, which cannot be detected. */
const AMAZON_FORMATS: readonly string[] = ["ami", "ari", "aki"];

const FLAGS = {
  ...FILTER_FLAGS,
  "concurrency": number("<N>", `Images that are read at the same time (default: ${CONCURRENCY})`),
} as const satisfies Flags;

type AuditCall = Invocation<typeof FLAGS>;

export const COMMANDS = {
  "image-audit": command({
    details:
      "Reads at most 256 KiB of each image that you can see, hidden images and those of the community included. Prints the images that are unsafe, not of the declared disk format, or unreadable, and exits with 1 if there are any. Ctrl-C prints what was found so far. Images without data and those of Amazon's formats (ami, ari, aki) or in containers are counted, not inspected.",
    flags: FLAGS,
    async run(invocation) {
      const { system, messages } = invocation;
      const images = allImages(await sessionOf(invocation), listParameters(invocation.values));
      const report = new AuditReport();
      const start = system.now();
      let isComplete = false;
      try {
        await audit(invocation, images, report);
        isComplete = true;
      } finally {
        // The table is on standard output, which can be the same terminal.
        messages.status("");
        await messages.flush();
        await print(invocation, report);
        const summary = report.summary((system.now() - start) / 1000);
        messages.line(isComplete ? summary : `Not all images were inspected. ${summary}`);
      }
      if (report.found === 0) return;
      throw new CommandFailed(
        `Cannot pass the audit: ${report.found} of ${
          plural(report.inspected)
        } have problems; see the table above`,
      );
    },
  }),
};

/** Lists visible and hidden images, which Glance lists separately. */
async function* allImages(
  session: Session,
  parameters: ListParameters,
): AsyncGenerator<GlanceImage, void> {
  const { filters = {} } = parameters;
  const { os_hidden, visibility = "all" } = filters;
  let { limit } = parameters;
  for (const isHidden of os_hidden === undefined ? [false, true] : [os_hidden]) {
    const params = {
      ...parameters,
      limit,
      filters: { ...filters, visibility, os_hidden: isHidden },
    };
    for await (const image of listImages(session, params)) {
      if (limit !== undefined) limit--;
      yield image;
    }
  }
}

async function audit(
  invocation: AuditCall,
  images: AsyncGenerator<GlanceImage, void>,
  report: AuditReport,
): Promise<void> {
  const { system, messages, values: { concurrency = CONCURRENCY } } = invocation;
  const session = await sessionOf(invocation);
  const outage = { images: 0 };
  let shownAt = -Infinity;
  await eachConcurrently(images, concurrency, async (image, position) => {
    const reason = skipReason(image);
    if (reason === null) await inspectImage(session, image, position, { report, outage });
    else report.skip(reason);
    const now = system.now();
    if (now - shownAt < INTERVAL) return;
    shownAt = now;
    messages.status(`Inspected ${plural(report.inspected)}, ${report.found} with a problem`);
  });
}

/** The reason why an image is not inspected; null if it is. */
function skipReason({ status, disk_format, container_format }: GlanceImage): Skipped | null {
  if (status === "deleted" || status === "pending_delete") return "deleted";
  if (status !== "active" && status !== "deactivated") return "without data";
  if (AMAZON_FORMATS.includes(disk_format ?? "")) return "ami, ari or aki";
  return (container_format ?? "bare") === "bare" ? null : "not bare";
}

/** Where the result of an image is counted. */
interface AuditState {
  readonly report: AuditReport;
  readonly outage: { images: number };
}

/** @throws {AuthenticationFailed | GlanceConnectionFailed} if no further image can be read either. */
async function inspectImage(
  session: Session,
  image: GlanceImage,
  position: number,
  { report, outage }: AuditState,
): Promise<void> {
  try {
    const inspection = await inspectStored(session, image);
    outage.images = 0;
    const fault = faultOf(inspection, image);
    const finding = fault && findingOf(image, fault.kind, inspection.format, fault.text);
    report.add(position, finding, inspection.unchecked.length > 0);
  } catch (error) {
    session.signal?.throwIfAborted();
    if (error instanceof AuthenticationFailed) throw error;
    const isUnreachable = error instanceof GlanceConnectionFailed && error.status === undefined;
    outage.images = isUnreachable ? outage.images + 1 : 0;
    if (outage.images > OUTAGE) throw error;
    if (error instanceof ImageNotFound) return report.skip("deleted");
    if (error instanceof NotAuthorized && image.status === "deactivated") {
      return report.skip("deactivated");
    }
    report.add(position, findingOf(image, "unreadable", null, sentenceOf(error)));
  }
}

async function print(invocation: AuditCall, report: AuditReport): Promise<void> {
  const { findings } = report;
  if (invocation.json) return await printJson(invocation, { ...report.counts(), images: findings });
  if (findings.length === 0 && invocation.output.format === "table") return;
  // On a narrow terminal, the last column gets the remaining width.
  const { columns } = invocation.system.stdout;
  const [name, problem] = columns === null
    ? [Infinity, Infinity]
    : [NAME_WIDTH, Math.max(20, columns - ID_WIDTH - NAME_WIDTH - TABLE_WIDTH)];
  await printList(invocation, findings, [
    ["ID", "id"],
    ["Name", "name", name],
    ["Problem", "problem", problem],
  ]);
}
