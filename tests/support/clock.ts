/** Time that passes only when nothing else can happen. */
export { settled, SimulatedClock } from "../../lib/testing/clock.ts";
