/** The page: its header, its tabs, and the list. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { GlanceError } from "../../../mod.ts";
import { sizeText } from "../text.ts";
import { Details } from "./details/details.tsx";
import { Edge } from "./edge/edge.tsx";
import {
  ANONYMOUS,
  ENDPOINT,
  HAS_METRICS,
  HAS_SIGN_IN,
  IS_READ_ONLY,
  type User,
} from "./gateway.ts";
import { Icon, Logo } from "./controls/icons.tsx";
import { focusOn } from "./controls/focus.ts";
import { ImageTable } from "./list/image_table.tsx";
import { selectImages } from "./list/list_filter.ts";
import { FILTERS, type Tab, withoutFilters } from "./list/list_query.ts";
import { Problem } from "./controls/problem.tsx";
import { Account } from "./session/account.tsx";
import { type SessionForm, type SessionUser, signIn } from "./session/session.ts";
import { SignIn } from "./session/sign_in.tsx";
import { Toolbar } from "./list/toolbar.tsx";
import { useImages } from "./list/use_images.ts";
import { cancelTransfers, isTransferring } from "./transfer/transfer.ts";
import { forgetUploads } from "./upload/use_uploads.ts";
import { Upload } from "./upload/upload.tsx";
import { onPlainClick, useQuery } from "./list/use_query.ts";

const TAB_TITLES: Readonly<Record<Tab, string>> = {
  all: "All",
  mine: "Mine",
  shared: "Shared",
  private: "Private",
  public: "Public",
  community: "Community",
};

/** Without a project, no image is "mine". */
const TABS_OF_ALL: readonly Tab[] = ["all", "public", "community", "shared", "private"];
const TABS_OF_PROJECT: readonly Tab[] = ["all", "mine", "shared", "public", "community"];

const ENDED = "Your session has ended, or the token is invalid.";

/** @param onReady called when there is something to show */
export function App({ onReady }: { readonly onReady: () => void }): JSX.Element {
  const [user, setUser] = useState<User | SessionUser | null>(HAS_SIGN_IN ? null : ANONYMOUS);
  const [signOutError, setSignOutError] = useState<unknown>(null);
  const [showsEdge, setShowsEdge] = useState(false);
  const [query, change] = useQuery();
  const { images, isLoading, error, reload } = useImages(user, query.tab, query.hidden);
  const project = user?.context.projectId;
  const selected = useMemo(() => selectImages(images, query, project), [images, query, project]);
  const isReady = user === null || !isLoading || images.length > 0;
  useEffect(() => {
    if (isReady) onReady();
  }, [isReady]);

  const close = () => change({ image: "" }, true);
  const last = useRef("");
  // Before the browser paints, so that nothing else gets the focus in between.
  useLayoutEffect(() => {
    const link = `a[href$="image=${encodeURIComponent(last.current)}"]`;
    // Its row is not in the document if the list was scrolled.
    if (query.image === "" && last.current !== "" && !focusOn(link)) focusOn(".scroll");
    last.current = query.image;
  }, [query.image]);

  const isRefused = error instanceof GlanceError && error.status === 401;
  const asks = user === null || isRefused;
  const hasAsked = useRef(false);
  useEffect(() => {
    if (asks) focusOn(".sign-in input:not([type=radio])");
    else if (hasAsked.current) focusOn(".tabs a");
    hasAsked.current = asks;
  }, [asks]);

  const onForm = async (form: SessionForm) => {
    setUser(HAS_SIGN_IN ? await signIn(form) : { context: { authToken: form["token"]?.trim() } });
    setSignOutError(null);
  };
  // An open image may not be visible to the next user, or in the next project.
  const replaceUser = (next: SessionUser | null) => {
    if (query.image !== "") change({ image: "" });
    setUser(next);
  };
  const signOut = (leaving: SessionUser) => {
    if (isTransferring() && !confirm("Sign out and cancel all transfers?")) {
      return;
    }
    // An image that is not complete is deleted with a token that is about to be revoked.
    const canceled = cancelTransfers();
    replaceUser(null);
    forgetUploads();
    canceled.then(() => leaving.signOut()).catch(setSignOutError);
  };
  const toolbar = (button: JSX.Element | null) => (
    <Toolbar {...{ images, query, change, reload, isLoading }}>{button}</Toolbar>
  );
  const isFiltered = FILTERS.some((name) => query[name] !== "");
  const bytes = selected.reduce((sum, { size }) => sum + (size ?? 0), 0);
  return (
    <>
      <header class="bar">
        <h1>
          <Logo />Images
        </h1>
        <span class="host">{new URL(ENDPOINT).host}</span>
        <div class="end">
          {HAS_METRICS && (
            <button
              type="button"
              aria-expanded={showsEdge}
              aria-controls="edge"
              onClick={() => setShowsEdge(!showsEdge)}
            >
              <Icon name="pulse" />Edge
            </button>
          )}
          {user !== null && !isRefused && "signOut" in user && (
            <Account
              user={user}
              onUser={replaceUser}
              onSignOut={() => signOut(user)}
            />
          )}
        </div>
      </header>
      {showsEdge && <Edge />}
      {asks
        ? (
          <main>
            <SignIn
              reason={user === null || user === ANONYMOUS ? signOutError : ENDED}
              onForm={onForm}
            />
          </main>
        )
        : (
          <main class={query.image === "" ? "" : "split"}>
            <nav class="tabs" aria-label="Sets of images">
              {(project === undefined ? TABS_OF_ALL : TABS_OF_PROJECT).map((tab) => (
                <a
                  key={tab}
                  href={`?tab=${tab}`}
                  aria-current={query.tab === tab ? "page" : undefined}
                  onClick={onPlainClick(() => change({ tab }, true))}
                >
                  {tab === "shared" && project !== undefined ? "Shared with me" : TAB_TITLES[tab]}
                </a>
              ))}
            </nav>
            {IS_READ_ONLY
              ? toolbar(null)
              : <Upload user={user} onStored={reload}>{toolbar}</Upload>}
            <Problem error={error} retry={reload} />
            {selected.length > 0
              ? <ImageTable images={selected} query={query} change={change} />
              : isReady && error === null && (
                <div class="empty">
                  <Icon name={isFiltered ? "search" : "filter"} />
                  <p>
                    {isFiltered ? "No image matches the filters." : "There are no images here."}
                  </p>
                  {isFiltered && (
                    <button
                      type="button"
                      onClick={() => change(withoutFilters(query))}
                    >
                      Clear the filters
                    </button>
                  )}
                </div>
              )}
            <p class="count" role="status">
              {error !== null && images.length === 0
                ? null
                : isReady
                ? `${counted(selected.length)}${
                  selected.length < images.length ? ` of ${images.length.toLocaleString("en")}` : ""
                }, ${sizeText(bytes)}`
                : "Loading the images …"}
            </p>
            {query.image !== "" && (
              <Details
                user={user}
                id={query.image}
                listed={images.find(({ id }) => id === query.image)}
                onClose={close}
                onChanged={reload}
              />
            )}
          </main>
        )}
    </>
  );
}

function counted(count: number): string {
  return `${count.toLocaleString("en")} ${count === 1 ? "image" : "images"}`;
}
