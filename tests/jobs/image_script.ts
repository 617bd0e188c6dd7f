/** A fake Glance with a script of image states: one per poll, then the last one repeatedly. */
import { failure, seen } from "../support/scripted_fetch.ts";
import { type ClientHarness, harnessOn } from "../support/client_harness.ts";

/** A state of an image and its tasks; null if the image does not exist. */
export type ImageState = {
  readonly image: Readonly<Record<string, unknown>>;
  /** A status is an error response. */
  readonly tasks?: readonly Readonly<Record<string, unknown>>[] | number;
} | null;

/** The id of the one image. */
export const ID = "5b0d2b7a-6f0c-4c5e-9e4b-3f6d1c2a7e90";

/** The id of the task that imports it. */
export const TASK = "7a9d2b7a-6f0c-4c5e-9e4b-3f6d1c2a7e91";

/** A harness, with the times of polls and the number of requests for tasks. */
export interface ImageScript extends Omit<ClientHarness, "script"> {
  readonly polls: number[];
  readonly requested: string[];
}

/** A harness with a script of states. */
export function scriptOf(states: readonly ImageState[]): ImageScript {
  const polls: number[] = [];
  const requested: string[] = [];
  let state: ImageState = null;
  const harness = harnessOn((input, init) => {
    const { method, path, signal } = seen(input, init);
    signal.throwIfAborted();
    requested.push(`${method} ${path.replace(ID, "{id}")}`);
    if (path.endsWith("/tasks")) {
      const tasks = state?.tasks ?? [];
      return Promise.resolve(typeof tasks === "number" ? failure(tasks) : Response.json({ tasks }));
    }
    state = states[Math.min(polls.length, states.length - 1)] ?? null;
    polls.push(harness.clock.now());
    return Promise.resolve(
      state === null ? failure(404) : Response.json({ id: ID, ...state.image }),
    );
  }, { apiServers: ["a"] });
  return { ...harness, polls, requested };
}
