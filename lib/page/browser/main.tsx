/** The start of the page in the browser. */
import { render } from "preact";
import { App } from "./app.tsx";
import { keepFocus } from "./controls/focus.ts";

const served = document.getElementById("app");
if (served !== null) start(served);

/** A list that the server has sent stays until the first images have arrived, so that nothing flickers. */
function start(served: HTMLElement): void {
  const root = document.createElement("div");
  root.id = served.id;
  const show = () => served.replaceWith(root);
  if (served.querySelector("tbody") === null) show();
  keepFocus();
  render(<App onReady={show} />, root);
}
