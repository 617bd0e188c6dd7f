/** A real browser as a runtime: a page that runs the suite and posts its results. */
import { chromiumCommand } from "./entries.ts";
import type { Results } from "./suite.ts";

/** Milliseconds that a page has to post its results. */
const LIMIT = 300_000;

/**
 * The results of `script` in a page of Chromium, which is opened with `query`.
 *
 * @param program path of Chromium
 * @param folder for its profile
 */
export async function resultsInChromium(
  program: string,
  script: string,
  query: string,
  folder: string,
): Promise<Results> {
  const posted = Promise.withResolvers<string>();
  const server = servePage(script, posted.resolve);
  const url = `http://127.0.0.1:${server.addr.port}/${query}`;
  const [command = "", ...args] = chromiumCommand(program, url, `${folder}/chromium-profile`);
  const child = new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "piped" })
    .spawn();
  const errors = new Response(child.stderr).text();
  const timer = setTimeout(() => posted.resolve("the page has posted no results"), LIMIT);
  child.status.then(({ code }) => posted.resolve(`Chromium ended with ${code}`));
  try {
    const text = await posted.promise;
    if (text.startsWith("{")) return JSON.parse(text);
    stop(child);
    throw new Error(`${text}: ${await errors}`);
  } finally {
    clearTimeout(timer);
    stop(child);
    await child.status;
    await errors;
    await server.shutdown();
  }
}

function servePage(
  script: string,
  onResults: (text: string) => void,
): Deno.HttpServer<Deno.NetAddr> {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  return Deno.serve(options, async (request) => {
    switch (new URL(request.url).pathname) {
      case "/results":
        onResults(await request.text());
        return new Response();
      case "/suite.mjs":
        return new Response(script, { headers: { "content-type": "text/javascript" } });
      default:
        return new Response('<!doctype html><script type="module" src="/suite.mjs"></script>', {
          headers: { "content-type": "text/html" },
        });
    }
  });
}

function stop(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has already ended.
  }
}
