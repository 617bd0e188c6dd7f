/**
 * `fetch` on `XMLHttpRequest`, which reports how much of a body was sent. The browser reads a `File` from the disk
 * while it sends it, so memory stays flat. `fetch` has no progress, and streams a body only over HTTP/2.
 */

/** Sends a request whose body is a `File`. */
export function fetchWithProgress(onProgress: (sent: number) => void) {
  return (url: string, { method = "GET", headers, body, signal }: RequestInit = {}) =>
    new Promise<Response>((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, url);
      new Headers(headers).forEach((value, name) => {
        // The browser sets it, and reports an error if a script does.
        if (name !== "accept-encoding") request.setRequestHeader(name, value);
      });
      request.upload.onprogress = ({ loaded }) => onProgress(loaded);
      request.onload = () => resolve(responseOf(request));
      request.onerror = () => reject(new TypeError("the connection failed"));
      signal?.addEventListener("abort", () => request.abort(), { once: true });
      request.send(body as XMLHttpRequestBodyInit | null | undefined);
    });
}

function responseOf(request: XMLHttpRequest): Response {
  const { status } = request;
  const lines = request.getAllResponseHeaders().trim().split("\r\n");
  const headers = lines.map((line) => line.split(/: (.*)/, 2) as [string, string]);
  return new Response(status === 204 ? null : request.responseText, { status, headers });
}
