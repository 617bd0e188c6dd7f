/** Timers of the runtime. */
import { assertEquals } from "@std/assert";
import { nativeTimer, sleep } from "../lib/timer.ts";

for (const [name, start] of Object.entries({ nativeTimer, sleep: (ms: number) => sleep(ms) })) {
  Deno.test(`${name}() passes setTimeout() a delay that every runtime accepts without a warning`, async () => {
    const native = globalThis.setTimeout;
    const delays: unknown[] = [];
    const record = (callback: () => void, ms?: number) => {
      delays.push(ms);
      return native(callback, 0);
    };
    globalThis.setTimeout = Object.assign(record, native) as typeof setTimeout;
    try {
      for (const ms of [-0.0005, 3.5, Infinity]) {
        await new Promise<void>((resolve) => {
          const timer = start(ms, resolve);
          if (timer instanceof Promise) timer.then(resolve);
        });
      }
    } finally {
      globalThis.setTimeout = native;
    }
    assertEquals(delays, [0, 3.5, 2 ** 31 - 1]);
  });
}
