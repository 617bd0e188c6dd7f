import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/cli/system/errors.ts";
import { listenerLimits, routerSettings } from "../../../lib/cli/start/router_options.ts";
import { readSettings } from "../../../lib/cli/start/settings.ts";
import { MemoryFiles } from "../memory_files.ts";

async function settingsOf(...args: string[]) {
  return await readSettings(args, new MemoryFiles());
}

Deno.test("routerSettings() passes every flag to the router, times in milliseconds", async () => {
  const settings = await settingsOf(
    ..."--cors https://horizon.example --cors-max-age 60 --max-upload-size 1GiB --retries 5".split(
      " ",
    ),
    ..."--timeout 7 --stall-timeout 8 --outage-timeout 9 --hedge-delay 0 --resume False".split(" "),
    ..."--verify auto --inspect safe --page False --os-region-name R --os-endpoint-type internal"
      .split(" "),
    ..."--public-endpoint https://images.example --allowed-hosts images.example --metrics".split(
      " ",
    ),
  );
  assertEquals(routerSettings(settings), {
    publicEndpoint: "https://images.example",
    allowedHosts: ["images.example", "localhost"],
    cors: { origins: ["https://horizon.example"], maxAge: 60 },
    cache: undefined,
    maxUploadSize: 2 ** 30,
    inspect: "safe",
    verify: "auto",
    resume: false,
    numRetries: 5,
    requestTimeout: 7000,
    stallTimeout: 8000,
    outageTimeout: 9000,
    hedgeDelay: Infinity,
    regionName: "R",
    catalogInfo: "image:glance:internal",
    metrics: true,
    page: false,
  });
});

Deno.test("routerSettings() keeps a cache with the flags for it", async () => {
  const { cache } = routerSettings(
    await settingsOf(
      ..."--cache slots --cache-size 1MB --cache-slot-size 1MiB --cache-authorization-ttl 0".split(
        " ",
      ),
    ),
  );
  assertEquals([cache?.size, cache?.slotSize, cache?.authorizationTtl], [1e6, 2 ** 20, 0]);
});

Deno.test("routerSettings() allows only loopback names on every spelling of a loopback address", async () => {
  for (const host of ["127.0.0.1", "127.1", "LOCALHOST", "[::1]", "::ffff:127.0.0.1"]) {
    const { allowedHosts, metrics } = routerSettings(await settingsOf("--host", host));
    assertEquals([allowedHosts, metrics], ["loopback", true], host);
  }
});

Deno.test("readSettings() refuses a host that is not one, and a cache that is not a directory", async () => {
  const files = new MemoryFiles({ slots: "data" });
  const faults = [
    [
      ["--host", "http://127.0.0.1"],
      'Cannot use "--host http://127.0.0.1": it must be a host name or an IP address without a port; write 0.0.0.0 for all addresses',
    ],
    [["--cache", "slots"], 'Cannot use "--cache slots": it is not a directory; name one'],
  ] as const;
  for (const [args, message] of faults) {
    await assertRejects(() => readSettings(args, files), UsageError, message);
  }
});

Deno.test("listenerLimits() are in milliseconds", async () => {
  const flags = "--max-connections 10 --head-timeout 1 --keep-alive-timeout 2 --upload-timeout 3";
  const { values } = await settingsOf(...flags.split(" "), "--download-timeout", "4");
  assertEquals(listenerLimits(values), {
    connections: 10,
    head: 1000,
    idle: 2000,
    upload: 3000,
    download: 4000,
  });
});

Deno.test("routerSettings() throws for values that would never match", async (t) => {
  const cases: readonly (readonly [flag: string, value: string, message: string])[] = [
    [
      "cors",
      "https://horizon.example/",
      'Cannot use "--cors https://horizon.example/": it is not an origin as browsers send it, a scheme and a host without a path; write https://horizon.example',
    ],
    [
      "cors",
      "horizon.example",
      'Cannot use "--cors horizon.example": it is not an origin as browsers send it, a scheme and a host without a path; write it as https://horizon.example',
    ],
    [
      "cors",
      "https://*.example",
      'Cannot use "--cors https://*.example": it is not an origin as browsers send it, a scheme and a host without a path; write it as https://horizon.example',
    ],
    [
      "allowed-hosts",
      "images.example:443",
      'Cannot use "--allowed-hosts images.example:443": it must be a host name without a port, or "any" or "loopback" alone',
    ],
    [
      "max-upload-size",
      "many",
      'Cannot use "--max-upload-size many": it is not a size above 0; write a number with a unit, such as 50GiB',
    ],
  ];
  for (const [flag, value, message] of cases) {
    await t.step(`--${flag} ${value}`, async () => {
      const settings = await settingsOf(`--${flag}`, value);
      assertEquals(assertThrows(() => routerSettings(settings), UsageError).message, message);
    });
  }
});
