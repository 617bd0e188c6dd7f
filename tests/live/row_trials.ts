/**
 * How every row of the operation table is tried: what must be there, who calls it with what, and what must
 * come of it. State is made by bare `fetch`.
 */
import { assert, assertEquals } from "@std/assert";
import {
  type GlanceClientWrapper,
  GlanceConnectionFailed,
  type GlanceError,
  type OperationArgs,
  type OperationName,
  type OperationResult,
  type RequestContext,
} from "../../mod.ts";
import { type Fields, randomBytes, type RawGlance } from "./raw_glance.ts";

/** Who asks: an administrator, two users in projects of their own, and one whom nobody knows. */
export type Caller = "admin" | "alice" | "bob" | "stranger";

/** A server, those who ask it, and one that is gone. */
export interface Stage {
  readonly client: GlanceClientWrapper;
  /** A client of a server that is no longer there. */
  readonly gone: GlanceClientWrapper;
  readonly contexts: Readonly<Record<Caller, RequestContext>>;
  readonly raw: Readonly<Record<"admin" | "alice" | "bob", RawGlance>>;
  readonly projectOfBob: string;
}

/** One call, and what is to be said of its result. */
export interface Call<M extends OperationName> {
  readonly as: Caller;
  readonly args: OperationArgs<M>;
  readonly gives?: (result: OperationResult<M>) => void | Promise<void>;
  /** Whether the server is gone that is asked. */
  readonly isGone?: boolean;
}

/** Prepares a call. */
export type Prepare<M extends OperationName> = (stage: Stage) => Call<M> | Promise<Call<M>>;

/** How a row is tried. */
export interface Trial<M extends OperationName> {
  /** Null where Glance always refuses. */
  readonly good: Prepare<M> | null;
  readonly bad: Prepare<M>;
  /** The error of the bad call. */
  readonly error: new (message: string) => GlanceError;
}

/** Trials of some rows. */
export type Trials<Names extends OperationName> = { readonly [M in Names]: Trial<M> };

/** An id that no image has. */
export const NO_ID = "00000000-0000-4000-8000-000000000000";

/** A new image of Alice's; with data if it is to have some. */
export async function imageOf({ raw }: Stage, meta: Fields = {}, size = 0): Promise<string> {
  return await raw.alice.create(meta, size > 0 ? randomBytes(size) : undefined);
}

/** An image of Alice's that was imported, to several stores if they are named. */
export async function imported(stage: Stage, stores?: readonly string[]): Promise<string> {
  const id = await imageOf(stage);
  await stage.raw.alice.import(id, randomBytes(100), stores);
  return id;
}

/** An image that Alice has offered to Bob. */
export async function offered(stage: Stage): Promise<string> {
  const id = await imageOf(stage, { visibility: "shared" });
  await stage.raw.alice.json("POST", `images/${id}/members`, { member: stage.projectOfBob });
  return id;
}

/** A read without parameters, which nobody may make whom Keystone does not know. */
export function asStranger<M extends OperationName>(args: OperationArgs<M>): Prepare<M> {
  return () => ({ as: "stranger", args });
}

/** A question that every server answers which is there. */
export function openQuestion<M extends OperationName>(
  args: OperationArgs<M>,
  gives: (result: OperationResult<M>) => void,
): Trial<M> {
  return {
    good: () => ({ as: "stranger", args, gives }),
    bad: () => ({ as: "stranger", args, isGone: true }),
    error: GlanceConnectionFailed,
  };
}

/** What a call without a result gives. */
export function nothing(result: unknown): void {
  assertEquals(result, undefined);
}

/** The names of what a list holds. */
export function namesOf(list: readonly { readonly name: string }[]): string[] {
  return list.map(({ name }) => name).sort();
}

/** Whether a list holds something. */
export function some(list: readonly unknown[]): void {
  assert(list.length > 0, "the list is empty");
}
