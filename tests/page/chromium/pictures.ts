/** Takes pictures of every view of the page, to look at: `deno task page:pictures`. */
import { launchChromium, PageInChromium } from "./page_in_chromium.ts";
import { VIEWS } from "./views.ts";

const FOLDER = new URL("../../../page-pictures/", import.meta.url);
const README_PICTURE = new URL("../../../.github/pictures/page.png", import.meta.url);
const SIZES = [["", 1280, 800], ["-phone", 360, 740], ["-4k", 3840, 2160]] as const;

await using browser = await launchChromium();
await Deno.mkdir(FOLDER, { recursive: true });
for (const { name, input, open } of VIEWS) {
  if (Deno.args.length > 0 && !Deno.args.includes(name)) continue;
  for (const [suffix, width, height] of SIZES) {
    for (const scheme of ["light", "dark"] as const) {
      if (suffix === "-4k" && scheme === "dark") continue;
      const opened = await PageInChromium.open({ ...input, scheme, width, height }, browser);
      await open?.(opened.page);
      const path = new URL(`${name}${suffix}-${scheme}.png`, FOLDER).pathname;
      await opened.page.screenshot({ path, animations: "disabled" });
      // The picture of the README.
      if (path.endsWith("/details-light.png")) await Deno.copyFile(path, README_PICTURE);
      opened.allowFailedRequests();
      await opened[Symbol.asyncDispose]();
    }
  }
}
