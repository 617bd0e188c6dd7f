/** The shortest proxy on Deno, as a process of its own: `bare_proxy.ts PORT ORIGIN`. */
const [port, origin = ""] = Deno.args;

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: () => {} }, (request) => {
  const { pathname, search } = new URL(request.url);
  return fetch(origin + pathname + search, { headers: request.headers, redirect: "manual" });
});
