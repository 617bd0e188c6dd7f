/** Where the keyboard works. */

/** What Tab reaches. */
const CONTROLS = "a,button:enabled,input:enabled,select:enabled,summary,[tabindex='0']";

/** Moves the focus to the first element that a selector matches, and tells whether there is one. */
export function focusOn(selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector);
  element?.focus();
  return element !== null;
}

/**
 * Keeps the keyboard in its place when the focused control is removed: the one that has taken its place, or else the
 * first one near it, gets the focus. A browser would begin with the whole document again.
 */
export function keepFocus(): void {
  let focused: Element | null = null;
  let places: readonly (readonly [container: Element, index: number])[] = [];
  const remember = (target: unknown) => {
    focused = target as Element;
    const found: [Element, number][] = [];
    for (let at = focused.parentElement; at !== null; at = at.parentElement) {
      found.push([at, controlsIn(at).indexOf(focused as HTMLElement)]);
    }
    places = found;
  };
  // A user may have begun before the script.
  remember(document.activeElement);
  addEventListener("focusin", ({ target }) => remember(target));
  const move = () => {
    if (focused?.isConnected !== false || document.activeElement !== document.body) return;
    for (const [container, index] of places) {
      const controls = container.isConnected ? controlsIn(container) : [];
      const next = controls[index] ?? controls[0];
      if (next === undefined) continue;
      next.focus({ preventScroll: true });
      return;
    }
  };
  new MutationObserver(move).observe(document, { childList: true, subtree: true });
}

function controlsIn(container: Element): readonly HTMLElement[] {
  return [...container.querySelectorAll<HTMLElement>(CONTROLS)];
}
