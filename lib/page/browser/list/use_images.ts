/** The images of a tab: loads them page by page, and again on demand. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { GlanceImage } from "../../../api/types.ts";
import { listPages, type User } from "../gateway.ts";
import type { Tab } from "./list_query.ts";

/** The images that are known, and what is missing. */
export interface LoadedImages {
  readonly images: readonly GlanceImage[];
  readonly isLoading: boolean;
  /** Why the list is not complete; null if it is, or will be. */
  readonly error: unknown;
  /** Loads the list again. What is shown stays until the new list is complete. */
  reload(): void;
}

/** Loads the images of a tab; none if there is no user. */
export function useImages(user: User | null, tab: Tab, hidden: boolean): LoadedImages {
  const [images, setImages] = useState<readonly GlanceImage[]>([]);
  const [isLoading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>(null);
  const running = useRef<AbortController | null>(null);
  const owner = useRef(user);

  const load = useCallback(async (isNew: boolean) => {
    running.current?.abort();
    // Another user, or the same one in another project, may not see them.
    if (owner.current !== user) setImages([]);
    owner.current = user;
    if (user === null) return;
    const controller = running.current = new AbortController();
    const { signal } = controller;
    setLoading(true);
    if (isNew) setError(null);
    let found: GlanceImage[] = [];
    try {
      for await (const page of listPages(user, { tab, hidden }, signal)) {
        if (signal.aborted) return;
        found = found.concat(page);
        // The first pages of a new list are shown at once; a list that is loaded again must not shrink meanwhile.
        if (isNew) setImages(found);
      }
      setImages(found);
      setError(null);
    } catch (cause) {
      if (signal.aborted) return;
      setError(cause);
      if (isNew) setImages(found);
    }
    setLoading(false);
  }, [user, tab, hidden]);

  useEffect(() => {
    load(true);
    return () => running.current?.abort();
  }, [load]);

  return { images, isLoading, error, reload: useCallback(() => void load(false), [load]) };
}
