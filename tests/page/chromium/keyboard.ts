/// <reference lib="dom" />
/** The keyboard of a user without a mouse, and what a screen reader announces meanwhile. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";

/** Maximum number of tab stops between two controls. */
const MOST_STOPS = 80;

/** What has the focus, and whether a user sees that. */
interface Focus {
  readonly name: string;
  readonly isBody: boolean;
  readonly hasOutline: boolean;
  /** Whether it is within the window, and nothing covers it. */
  readonly isInView: boolean;
}

/** An init script that records what changes in the live regions, in `announced`. */
export function recordAnnouncements(): void {
  const announced: string[] = [];
  Object.assign(globalThis, { announced });
  const regions = "[role=status],[role=alert],[aria-live]";
  new MutationObserver((mutations) => {
    for (const { target, addedNodes } of mutations) {
      const node = target instanceof Element ? target : target.parentElement;
      // A region that is inserted with its text is announced only if it is an alert.
      const inserted = [...addedNodes].filter((each) => each instanceof Element).flatMap((each) =>
        [each, ...each.querySelectorAll("*")].filter((one) => one.matches("[role=alert]"))
      );
      for (const region of [node?.closest(regions), ...inserted]) {
        if (region?.textContent && region.isConnected) announced.push(region.textContent.trim());
      }
    }
  }).observe(document, { childList: true, characterData: true, subtree: true });
}

/** Presses keys, and checks the focus after each: it is somewhere, visible, and not covered. */
export class Keyboard {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Presses a key, and returns the name of what has the focus after it. */
  async press(key: string): Promise<string> {
    await this.#page.keyboard.press(key);
    return await this.focused();
  }

  /** Types into the control that has the focus, in place of its text. */
  async type(text: string): Promise<void> {
    await this.#page.keyboard.press("Control+a");
    await this.#page.keyboard.type(text);
  }

  /** Moves to the control with a name: forwards, or back if `back` is set. */
  async tabTo(name: string | RegExp, back = false): Promise<void> {
    const passed: string[] = [];
    while (passed.length < MOST_STOPS) {
      const reached = await this.press(back ? "Shift+Tab" : "Tab");
      if (typeof name === "string" ? reached === name : name.test(reached)) return;
      passed.push(reached);
    }
    throw new Error(`no control is named ${name}; passed ${passed.join(", ")}`);
  }

  /** Moves to a control, and presses a key there. */
  async use(name: string | RegExp, key = "Enter", back = false): Promise<void> {
    await this.tabTo(name, back);
    await this.#page.keyboard.press(key);
  }

  /** The name of what has the focus, which must be visible. */
  async focused(): Promise<string> {
    const focus = await this.#page.evaluate(readFocus);
    assert(!focus.isBody, "the focus is lost");
    assert(focus.hasOutline, `the focus on "${focus.name}" is not visible`);
    assert(focus.isInView, `"${focus.name}" is covered, or outside of the window`);
    return focus.name;
  }

  /** Waits until the focus is on the control with a name. */
  async waitFor(name: string): Promise<void> {
    for (let i = 0; i < 100; i++) {
      if ((await this.#page.evaluate(readFocus)).name === name) return;
      await this.#page.evaluate(() => new Promise(requestAnimationFrame));
    }
    assertEquals((await this.#page.evaluate(readFocus)).name, name);
  }

  /** Waits until a text was announced. */
  async heard(text: string): Promise<void> {
    await this.#page.waitForFunction(
      (text) =>
        (globalThis as unknown as { announced: string[] }).announced.some((each) =>
          each.includes(text)
        ),
      text,
    );
  }
}

/** Runs in the page. The chooser of files is invisible; its label shows the focus. */
async function readFocus(): Promise<Focus> {
  await new Promise(requestAnimationFrame);
  const control = document.activeElement ?? document.body;
  const labels = control instanceof HTMLInputElement || control instanceof HTMLSelectElement
    ? [...control.labels ?? []].map((label) =>
      [...label.childNodes].filter((node) => !(node as Element).matches?.("input,select"))
        .map((node) => node.textContent).join("")
    )
    : [];
  const shown = control.matches("[type=file]") ? control.closest("label") ?? control : control;
  const { outlineStyle, outlineWidth } = getComputedStyle(shown);
  const { left, right, top, bottom } = shown.getBoundingClientRect();
  const middle = (low: number, high: number, most: number) =>
    (Math.max(low, 0) + Math.min(high, most)) / 2;
  const hit = document.elementFromPoint(
    middle(left, right, innerWidth),
    middle(top, bottom, innerHeight),
  );
  return {
    name: control.getAttribute("aria-label") ??
      (labels[0] ?? control.textContent ?? "").replace(/\s+/g, " ").trim(),
    isBody: control === document.body,
    hasOutline: (outlineStyle !== "none" && outlineWidth !== "0px") ||
      control.matches("h2[tabindex='-1']"),
    isInView: hit !== null && shown.contains(hit),
  };
}
