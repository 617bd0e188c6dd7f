/** Where the keyboard works. */

/** Moves the focus to the first element that a selector matches, and tells whether there is one. */
export function focusOn(selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector);
  element?.focus();
  return element !== null;
}
