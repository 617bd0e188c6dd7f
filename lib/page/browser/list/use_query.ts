/** The query of the list, kept in the address of the page. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { formatQuery, type ImageQuery, parseQuery } from "./list_query.ts";

/** Changes the query. `isStep` adds a step to the history of the tab, for "back". */
export type ChangeQuery = (change: Partial<ImageQuery>, isStep?: boolean) => void;

/** The current query, and how to change it. */
export function useQuery(): readonly [ImageQuery, ChangeQuery] {
  const [query, setQuery] = useState(() => parseQuery(location.search));

  useEffect(() => {
    const read = () => setQuery(parseQuery(location.search));
    addEventListener("popstate", read);
    return () => removeEventListener("popstate", read);
  }, []);

  const change = useCallback<ChangeQuery>((change, isStep = false) => {
    // The address is newer than the state while several changes wait for a render.
    const next = { ...parseQuery(location.search), ...change };
    const address = location.pathname + formatQuery(next);
    if (isStep) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    setQuery(next);
  }, []);

  return [query, change];
}

/** Handlers of a link within the page: another tab of the browser is opened as usual. */
export function onPlainClick(open: () => void): (event: MouseEvent) => void {
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open();
  };
}
