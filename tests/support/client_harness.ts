/** A client with a scripted network, a simulated clock, and fixed random numbers. */
import {
  GlanceClientWrapper,
  type GlanceClientWrapperOptions,
  type GlanceEvent,
  GlanceImageService,
} from "../../mod.ts";
import { SimulatedClock } from "./clock.ts";
import { ScriptedFetch, type Step } from "./scripted_fetch.ts";

/** Keeps shuffled lists in order, and makes every back-off 0.99 of its limit. */
export const ORDERLY = (): number => 0.99;

/** A client and its observable state. */
export interface ClientHarness {
  readonly clock: SimulatedClock;
  readonly script: ScriptedFetch;
  readonly events: GlanceEvent[];
  readonly client: GlanceClientWrapper;
  readonly service: GlanceImageService;
}

/** A client whose network plays `steps`; its servers are `a`, `b`, and `c`, in this order. */
export function harnessOf(
  steps: readonly Step[],
  options: GlanceClientWrapperOptions = {},
): ClientHarness {
  const script = new ScriptedFetch(steps);
  return { ...harnessOn(script.fetch, options), script };
}

/** A client on another network. */
export function harnessOn(
  fetch: (input: string, init: RequestInit) => Promise<Response>,
  options: GlanceClientWrapperOptions = {},
): Omit<ClientHarness, "script"> {
  const clock = new SimulatedClock();
  const events: GlanceEvent[] = [];
  const client = new GlanceClientWrapper({
    apiServers: ["a", "b", "c"],
    fetch,
    sleep: clock.sleep,
    timer: clock.timer,
    now: clock.now,
    wallClock: clock.now,
    random: ORDERLY,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { clock, events, client, service: new GlanceImageService(client) };
}

/** The rejection of a promise; undefined if it resolves. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(() => undefined, (error) => error);
}

/** Events without their causes, so that `assertEquals` can compare them. */
export function factsOf(events: readonly GlanceEvent[]): Record<string, unknown>[] {
  return events.map((event) =>
    Object.fromEntries(Object.entries(event).filter(([key]) => key !== "cause"))
  );
}
