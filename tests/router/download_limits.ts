/** The limits of downloads in simulated time. */
import { Admission } from "../../lib/router/file/admission.ts";
import { IdleUpstreams } from "../../lib/router/file/idle_upstreams.ts";
import { SimulatedClock } from "../support/clock.ts";

/** Idle connections that are held, and downloads that start at once. */
export function downloadLimits(limit: number) {
  const clock = new SimulatedClock();
  const options = {
    limit,
    now: clock.now,
    timer(ms: number, ring: () => void) {
      const life = new AbortController();
      clock.sleep(ms, life.signal).then(ring, () => {});
      return () => life.abort("stopped");
    },
    isContended: (): boolean => admission.isContended,
    isIdleClient: (download: object): boolean => upstreams.isIdleClient(download),
  };
  const upstreams = new IdleUpstreams(options);
  const admission = new Admission({ ...options, limit: Math.max(1, limit) });
  return { clock, upstreams, admission };
}
