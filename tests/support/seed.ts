/** Reproducible random numbers. */
export { between, pick, seededBytes, seededRandom } from "../../lib/testing/seed.ts";
