/** Uploads through the gateway to a server that responds before the end of the body. */
import { assertEquals, assertMatch } from "@std/assert";
import { serve } from "../../lib/cli/server/serve.ts";
import { createImageRouter, type RequestLog } from "../../lib/router/mod.ts";
import { servingOn } from "../cli/http_server/raw_client.ts";
import { ID } from "../support/image.ts";
import { Body } from "./upload_servers.ts";
import { type RawConnection, RawServer } from "./raw_server.ts";

const HALF = "x".repeat(1_000);

/** The framing of a body, and its first half. */
const FRAMINGS: Readonly<Record<string, readonly [field: string, half: string]>> = {
  sized: ["content-length: 2000", HALF],
  chunked: ["transfer-encoding: chunked", `3e8\r\n${HALF}\r\n`],
};

/** What the server does with its connection after the response. */
const AFTERWARD: Readonly<Record<string, (connection: RawConnection) => Promise<boolean>>> = {
  "keeps the connection": (connection) => connection.waitForClose(),
  "ends the connection": (connection) => connection.end(),
  "resets the connection": (connection) => connection.reset(),
};

for (const operation of ["file", "stage"]) {
  for (const [framing, [field, half]] of Object.entries(FRAMINGS)) {
    for (const [what, afterward] of Object.entries(AFTERWARD)) {
      Deno.test(`PUT /${operation} responds with 502 when a ${framing} body is acknowledged before its end and the server ${what}`, async () => {
        await using server = new RawServer(async (connection, { headers }) => {
          await new Body(connection, headers).take(HALF.length);
          await connection.start("204 No Content");
          return await afterward(connection);
        });
        const logged = Promise.withResolvers<RequestLog>();
        const router = createImageRouter({ apiServers: [server.url], log: logged.resolve });
        const handler = async (request: Request) => await router.fetch(request);
        await using gateway = servingOn(serve(handler, { host: "127.0.0.1", port: 0 }));
        using client = await gateway.connect();
        await client.send(
          `PUT /v2/images/${ID}/${operation} HTTP/1.1\r\nhost: x\r\n${field}\r\ncontent-type: application/octet-stream\r\n\r\n${half}`,
        );
        assertMatch(await client.until("\r\n\r\n"), /^HTTP\/1\.1 502 /);
        const { outcome, status, error } = await logged.promise;
        assertEquals([outcome, status], ["failed", 502]);
        assertMatch(error ?? "", /^Cannot .*: .* before /);
      });
    }
  }
}
