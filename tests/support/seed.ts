/** Random numbers that a seed repeats. */
export { between, pick, seededBytes, seededRandom } from "../../lib/testing/seed.ts";
