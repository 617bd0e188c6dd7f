/** Hedged requests whose JSON response has headers: it counts only after its body was read. */
import { assertEquals } from "@std/assert";
import { FakeBody, utf8 } from "../../support/bodies.ts";
import { harnessOn } from "../../support/client_harness.ts";
import { seen, type SeenRequest } from "../../support/scripted_fetch.ts";

const IMAGE = { id: "42", status: "active" };

/** A client of the servers a and b, and the times of their requests. */
function networkOf(servers: Record<string, (request: SeenRequest) => Promise<Response>>) {
  const sent: string[] = [];
  const harness = harnessOn((input, init) => {
    const { host } = new URL(input);
    sent.push(`${host}@${harness.clock.now()}`);
    return servers[host]?.(seen(input, init)) ?? Promise.reject(new TypeError("refused"));
  }, { apiServers: ["a", "b"] });
  return { ...harness, sent };
}

Deno.test("call() waits for the first server when the hedged request gets a response that is not JSON", async () => {
  const network = networkOf({
    a: async ({ signal }) => {
      await network.clock.sleep(6_000, signal);
      return Response.json(IMAGE);
    },
    b: () => Promise.resolve(new Response("<html>a parking page</html>")),
  });
  const { client, clock, sent } = network;
  assertEquals(await clock.run(client.call({}, "get", "42")), IMAGE);
  assertEquals([sent, clock.now(), clock.pending], [["a@0", "b@2500"], 6_000, 0]);
});

Deno.test("call() tries the next server when a JSON body is silent, and cancels the body", async () => {
  const bodies: FakeBody[] = [];
  const network = networkOf({
    a: ({ signal }) => {
      bodies.push(new FakeBody([utf8('{"id":'), "silence"], { signal }));
      return Promise.resolve(new Response(bodies[0]?.stream));
    },
    b: () => Promise.resolve(Response.json(IMAGE)),
  });
  const { client, clock, sent } = network;
  assertEquals(await clock.run(client.call({}, "get", "42")), IMAGE);
  assertEquals([sent, clock.now(), clock.pending], [["a@0", "b@2500"], 2_500, 0]);
  await clock.run(clock.sleep(1));
  assertEquals(bodies.map(({ isOver }) => isOver), [true]);
});

Deno.test("open() decides with the headers when image data is read", async () => {
  const network = networkOf({
    a: ({ signal }) => {
      const body = new FakeBody([utf8("data"), "silence"], { signal });
      return Promise.resolve(new Response(body.stream));
    },
  });
  const { client, clock, sent } = network;
  const opened = await clock.run(client.call({}, "data", "42"));
  await clock.run(clock.sleep(10_000));
  await opened.body?.cancel();
  assertEquals(sent, ["a@0"]);
});
