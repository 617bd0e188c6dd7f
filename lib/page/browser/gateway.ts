/** The client of the gateway that has served this page. The token is in the memory of this tab only. */
import { ApiClient, GlanceError, type RequestContext } from "../../../mod.ts";
import type { Operation } from "../../api/operation.ts";
import { LIST_IMAGES } from "../../api/operations/images.ts";
import type { GlanceImage } from "../../api/types.ts";
import type { ImagePage } from "../../api/wire.ts";
import type { Tab } from "./list/list_query.ts";

/** The page is served below the address of the gateway, as `page/app.js`. */
export const ENDPOINT: string = new URL("..", import.meta.url).href.replace(/\/$/, "");

/** What the gateway offers, from the document. */
const { signIn, readOnly, metrics } = document.getElementById("app")?.dataset ?? {};

/** Whether users sign in at the gateway. */
export const HAS_SIGN_IN: boolean = signIn !== undefined;

/** Whether nothing can be changed. */
export const IS_READ_ONLY: boolean = readOnly !== undefined;

/** Whether the gateway serves metrics. */
export const HAS_METRICS: boolean = metrics !== undefined;

/** The gateway chooses the servers, so there is no second one to ask. */
export const CLIENT_OPTIONS = { apiServers: [ENDPOINT], hedgeDelay: Infinity } as const;

/** The client of all requests but uploads. What is deleted when the tab is closed is still sent. */
export const client: ApiClient = new ApiClient({
  ...CLIENT_OPTIONS,
  fetch: (url, init) => fetch(url, { ...init, keepalive: init?.method === "DELETE" }),
});

/** Images of the first page, which is shown at once, and of the others: the maximum of Glance. */
const PAGE_SIZES = { first: "100", next: "1000" };

/** Maximum number of images of a list. A server may never end it. */
const MOST_IMAGES = 50_000;

/** Milliseconds that a request waits if a server asks to wait: a user is looking at the page. */
const MAX_RETRY_AFTER = 3_000;

/** Who uses the page. */
export interface User {
  readonly context: RequestContext;
}

/** A user without a token. */
export const ANONYMOUS: User = { context: {} };

/** Calls an operation as a user. */
export function request<Args extends readonly unknown[], Result>(
  { context }: User,
  operation: Operation<Args, Result>,
  args: Args,
  signal?: AbortSignal,
): Promise<Result> {
  return client.request(context, operation, args, { signal, maxRetryAfter: MAX_RETRY_AFTER });
}

/**
 * Requests the images of a tab, page by page, each image once. The list ends if a page has no further image.
 *
 * @throws {GlanceError} if there are too many
 */
export async function* listPages(
  user: User,
  { tab, hidden }: { readonly tab: Tab; readonly hidden: boolean },
  signal: AbortSignal,
): AsyncGenerator<readonly GlanceImage[], void> {
  const query = filtersOf(tab, user.context);
  if (hidden) query.push(["os_hidden", "true"]);
  const seen = new Set<string>();
  for (let marker: string | null = null;;) {
    const page: [string, string][] = marker === null
      ? [["limit", PAGE_SIZES.first]]
      : [["limit", PAGE_SIZES.next], ["marker", marker]];
    const { images, next }: ImagePage = await request(
      user,
      LIST_IMAGES,
      [[...query, ...page]],
      signal,
    );
    const fresh = images.filter(({ id }) => !seen.has(id) && seen.add(id));
    yield fresh;
    marker = images.at(-1)?.id ?? null;
    if (next === undefined || fresh.length === 0) return;
    if (seen.size >= MOST_IMAGES) {
      throw new GlanceError(
        `Cannot list more than ${MOST_IMAGES} images; use the command line`,
      );
    }
  }
}

function filtersOf(tab: Tab, { projectId }: RequestContext): [string, string][] {
  if (tab === "mine") return projectId === undefined ? [] : [["owner", projectId]];
  if (tab === "shared") return [["visibility", tab], ["member_status", "all"]];
  return [["visibility", tab]];
}
