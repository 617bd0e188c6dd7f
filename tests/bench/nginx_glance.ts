/** nginx that responds like a Glance with one image, for curl, glanceclient, and this project. */
import type { BenchImage } from "./bench_image.ts";

/** What glanceclient requests besides the image. */
const VERSIONS = '{"versions": [{"id": "v2.9", "status": "CURRENT", "links": []}]}';
const SCHEMA = '{"name": "image", "properties": {}, "additionalProperties": {"type": "string"}}';

/**
 * Writes its configuration into a directory, and returns the command that starts it in the foreground. Its log
 * `access.log` has a line for each request: connection, method, path, status, bytes.
 *
 * @param server directives of the server: at least `listen`
 */
export async function configureNginx(
  directory: string,
  { id, path, record }: BenchImage,
  server: string,
): Promise<readonly string[]> {
  const { checksum } = JSON.parse(record);
  await Deno.writeTextFile(`${directory}/record.json`, record);
  await Deno.writeTextFile(
    `${directory}/nginx.conf`,
    `daemon off; master_process off; pid ${directory}/pid;
events { worker_connections 1024; }
http {
  log_format short '$connection $request_method $uri $status $body_bytes_sent';
  access_log ${directory}/access.log short;
  default_type application/json; sendfile on; tcp_nopush on; ${temporaryPaths(directory)}
  server {
    ${server}
    location = / { return 300 '${VERSIONS}'; }
    location = /versions { return 200 '${VERSIONS}'; }
    location = /v2/schemas/image { return 200 '${SCHEMA}'; }
    location = /v2/images/${id} { alias ${directory}/record.json; }
    location = /v2/images/${id}/file {
      default_type application/octet-stream; add_header Content-MD5 ${checksum}; alias ${path};
    }
  }
}
`,
  );
  return nginxArgv(directory);
}

/** The directives that keep temporary files below a directory. */
export function temporaryPaths(directory: string): string {
  return ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(" ");
}

/** nginx with the configuration of a directory. */
export function nginxArgv(directory: string): readonly string[] {
  return ["nginx", "-c", `${directory}/nginx.conf`, "-e", `${directory}/error.log`];
}
