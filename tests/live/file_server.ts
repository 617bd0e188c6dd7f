/** nginx, as a server of files. */
import { freePort } from "../support/free_port.ts";
import { ServerProcess } from "./processes.ts";

/** Serves a directory on loopback, until disposed. Its configuration and its log are in the directory. */
export async function startFileServer(directory: string) {
  const port = freePort();
  await Deno.chmod(directory, 0o755);
  const config = `daemon off; pid ${directory}/nginx.pid; error_log stderr; user root;
    events {} http { access_log off; server { listen 127.0.0.1:${port}; root ${directory}; } }`;
  await Deno.writeTextFile(`${directory}/nginx.conf`, config);
  const url = `http://127.0.0.1:${port}`;
  const argv = ["nginx", "-p", directory, "-c", `${directory}/nginx.conf`];
  const process = await ServerProcess.start(
    { name: "nginx", argv, log: `${directory}/nginx.log` },
    async () => {
      const response = await fetch(url);
      await response.body?.cancel();
      return response.status < 500;
    },
  );
  return { port, url, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}
