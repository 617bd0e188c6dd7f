/** The HTML of the page, with the list of images if no token is needed to read it. Every value is escaped by the template. */
import type { GlanceImage } from "../api/types.ts";
import { html, type Markup } from "./html.ts";
import { COLUMNS, dayText, nameText, sizeText, statusText, visibleText } from "./text.ts";

/** Addresses of what the document loads, relative to its own. */
export interface DocumentLinks {
  readonly script: string;
  readonly style: string;
  readonly icon: string;
}

/** What the gateway offers; the page reads it from the document. */
export interface GatewayTraits {
  /** Whether users sign in with the form of the page. */
  readonly hasSignIn: boolean;
  /** Whether nothing can be changed, for any user. */
  readonly isReadOnly: boolean;
  /** Whether it serves `/metrics`. */
  readonly hasMetrics: boolean;
}

/** The document. `images` is null if a token is needed to list them, or they could not be listed. */
export function pageDocument(
  { script, style, icon }: DocumentLinks,
  { hasSignIn, isReadOnly, hasMetrics }: GatewayTraits,
  images: readonly GlanceImage[] | null,
): string {
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <title>Images</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <link rel="icon" type="image/svg+xml" href="${icon}">
        <link rel="stylesheet" href="${style}">
        <script type="module" src="${script}"></script>
      </head>
      <body>
        <div id="app" ${flag("sign-in", hasSignIn)}${flag("read-only", isReadOnly)}${flag(
          "metrics",
          hasMetrics,
        )}>
    <header class="bar"><h1>${logo()}Images</h1></header>
    ${images === null ? needsScript() : list(images)}
        </div>
      </body>
    </html>
  `.html;
}

/** An attribute for the script. */
function flag(name: string, isSet: boolean): Markup {
  return isSet
    ? html`
      data-${name}
    `
    : html``;
}

function logo(): Markup {
  return html`
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M8 12.5 16 8l8 4.5-8 4.5zM8 17l8 4.5 8-4.5M8 21l8 4.5 8-4.5" />
    </svg>
  `;
}

function needsScript(): Markup {
  return html`<noscript><p class="notice">The list of images needs JavaScript, because it is read with your own token.</p></noscript>`;
}

function list(images: readonly GlanceImage[]): Markup {
  if (images.length === 0) {
    return html`
      <main>
        <p class="notice">No images yet.</p>
      </main>
    `;
  }
  const titles = COLUMNS.map(([key, title]) => html`<th scope="col" class="${key}">${title}</th>`);
  return html`
    <main>
      <div class="scroll" role="region" aria-label="Images" tabindex="0">
        <table>
          <thead>
            <tr>${titles}</tr>
          </thead>
          <tbody>${images.map(row)}</tbody>
        </table>
      </div>
    </main>
  `;
}

function row(image: GlanceImage): Markup {
  const { id, status, visibility, disk_format, size, created_at } = image;
  return html`
    <tr>
      <th scope="row" class="name"><a href="?image=${encodeURIComponent(id)}"><bdi>${nameText(
        image,
      )}</bdi></a></th>
      <td class="status" data-status="${visibleText(status)}">${statusText(status)}</td>
      <td class="visibility">${visibleText(visibility ?? "")}</td>
      <td class="disk_format">${visibleText(disk_format ?? "")}</td>
      <td class="size">${typeof size === "number" ? sizeText(size) : ""}</td>
      <td class="created_at">${dayText(created_at)}</td>
    </tr>
  `;
}
