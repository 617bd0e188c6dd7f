/** Flags that limit how long a command waits, and the options that they set. */
import type { GlanceOptions } from "../../options.ts";
import type { Flags, Values } from "./command.ts";
import { number } from "./flags.ts";

/** Flags with times in seconds. */
export const TIME_FLAGS = {
  "timeout": number(
    "<SECONDS>",
    "Seconds until a response must start (default: 60); not a limit for transfers",
  ),
  "stall-timeout": number(
    "<SECONDS>",
    "Seconds without progress after which a transfer is stalled (default: 30)",
  ),
  "outage-timeout": number(
    "<SECONDS>",
    "Seconds to keep trying while Keystone or all servers are unavailable, 0 for a few retries only (default: 30; 0 with the URL of a single server)",
    0,
  ),
  "hedge-delay": number(
    "<SECONDS>",
    "Seconds without a response until a request is also sent to a second server; 0 for never (default: 2.5)",
    0,
  ),
} as const satisfies Flags;

/** The values of `TIME_FLAGS`. */
export type TimeValues = Values<typeof TIME_FLAGS>;

/** Milliseconds that a command keeps trying while no server, or Keystone, is available. */
export const OUTAGE_TIMEOUT = 30_000;

/** The values of the flags among others. */
export function timesOf(values: TimeValues): TimeValues {
  const { timeout, "stall-timeout": stall, "outage-timeout": outage, "hedge-delay": hedge } =
    values;
  return { timeout, "stall-timeout": stall, "outage-timeout": outage, "hedge-delay": hedge };
}

/** The options that the flags set, in milliseconds. */
export function timeOptions(
  values: TimeValues,
): Pick<GlanceOptions, "requestTimeout" | "stallTimeout" | "outageTimeout" | "hedgeDelay"> {
  const [requestTimeout, stallTimeout, outageTimeout, hedgeDelay] = Object.values(timesOf(values))
    .map((seconds) => seconds && seconds * 1000);
  return { requestTimeout, stallTimeout, outageTimeout, hedgeDelay: hedgeDelayFrom(hedgeDelay) };
}

/** No delay means no hedged requests. */
function hedgeDelayFrom(delay: number | undefined): number | undefined {
  return delay === 0 ? Infinity : delay;
}

/**
 * The outage timeout of a command without the flag, in milliseconds. If the user has named a single server and
 * nothing listens there, the URL is probably wrong, and a wait would only hide that.
 */
export function defaultOutageTimeout(apiServers: GlanceOptions["apiServers"]): number {
  return apiServers?.length === 1 ? 0 : OUTAGE_TIMEOUT;
}
