/** The simulated clock. */
export { settled, SimulatedClock } from "../../lib/testing/clock.ts";
