/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { IGNORED, PageInChromium, shareChromium } from "./page_in_chromium.ts";
import { VIEWS } from "./views.ts";

shareChromium();

/** From a small phone to a display with 4K. */
const WIDTHS = [3840, 768, 1280, 360];

Deno.test("App() has no problem that axe-core finds, and fits every width", {
  ignore: IGNORED,
}, async (t) => {
  for (const { name, input, open } of VIEWS) {
    await t.step(name, async () => {
      const opened = await PageInChromium.open(input);
      const { page } = opened;
      await open?.(page);
      for (const colorScheme of ["dark", "light"] as const) {
        await page.emulateMedia({ colorScheme });
        assertEquals(await opened.accessibilityProblems(), [], colorScheme);
      }
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert(wide <= width, `${wide} px in a window of ${width} px`);
      }
      assertEquals(await opened.accessibilityProblems(), [], "360 px");
      // Views of errors show the status of a response in the console.
      if (/error|sign-in/.test(name)) opened.allowFailedRequests();
      await opened[Symbol.asyncDispose]();
    });
  }
});
