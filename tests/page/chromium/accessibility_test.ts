/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { IGNORED, launchChromium, PageInChromium } from "./page_in_chromium.ts";
import { VIEWS } from "./views.ts";

/** From a small phone to a display with 4K. */
const WIDTHS = [3840, 768, 1280, 360];

Deno.test("App() has no problem that axe-core finds, and fits every width", {
  ignore: IGNORED,
}, async (t) => {
  await using browser = await launchChromium();
  for (const { name, input, open } of VIEWS) {
    for (const scheme of ["light", "dark"] as const) {
      await t.step(`${name}, ${scheme}`, async () => {
        const opened = await PageInChromium.open({ ...input, scheme }, browser);
        await open?.(opened.page);
        assertEquals(await opened.accessibilityProblems(), []);
        for (const width of WIDTHS) {
          await opened.page.setViewportSize({ width, height: 900 });
          const wide = await opened.page.evaluate(() => document.documentElement.scrollWidth);
          assert(wide <= width, `${wide} px in a window of ${width} px`);
        }
        if (scheme === "light") assertEquals(await opened.accessibilityProblems(), [], "360 px");
        // Views of errors show the status of a response in the console.
        if (/error|sign-in/.test(name)) opened.problems.length = 0;
        await opened[Symbol.asyncDispose]();
      });
    }
  }
});
