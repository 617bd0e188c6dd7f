/** A server that does not respond costs little, and causes few requests. */
import type { Guarantee } from "./guarantee.ts";

export const SILENT_SERVERS: readonly Guarantee[] = [
  [
    "An idempotent request is sent to a second server when the first one is silent, and the first response is used.",
    "http/retry/race_test.ts: call() sends the request to a second server after 2.5 s without headers, and cancels the first request",
    "http/retry/race_bodies_test.ts: call() waits for the first server when the hedged request gets a response that is not JSON",
    "http/retry/race_bodies_test.ts: call() tries the next server when a JSON body is silent, and cancels the body",
    "http/retry/race_test.ts: open() hedges a download until its headers, and cancels the response that is late",
  ],
  [
    "Nothing that is not idempotent is sent to two servers, and a refused write waits for the other server.",
    "http/retry/race_test.ts: call() never sends a request that is not idempotent, or image data, to two servers",
    "http/retry/race_test.ts: call() does not use the refusal of a write while another server may carry it out",
  ],
  [
    "A silent server takes less than 3 % of the time, and one request probes it.",
    "http/retry/race_test.ts: call() loses less than 3 % of 330 s to a silent server, in sequence and with 10 callers",
    "http/retry/race_test.ts: call() probes a silent server with one request after its cool-down, and another server 0.5 s later",
  ],
  [
    "Servers that are slow, but work, get at most 2 % more requests.",
    "http/retry/race_test.ts: call() sends at most 2 % more requests when every response takes 4 s",
    "simulation/silent_servers_test.ts: call() succeeds in time while some servers are silent or slow, over … seeds",
  ],
];
