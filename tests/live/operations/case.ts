/**
 * OperationCases of the operation table: how to prepare each operation, call it successfully and
 * unsuccessfully, and check the result. State is created with plain `fetch`.
 */
import { assert, assertEquals } from "@std/assert";
import {
  type GlanceClientWrapper,
  GlanceConnectionFailed,
  type GlanceError,
  type RequestContext,
} from "../../../mod.ts";
import { type Fields, randomBytes, type RawGlance } from "../raw_glance.ts";
import type { OperationArgs, OperationName, OperationResult } from "../../../lib/api/mod.ts";

/**
 * The identity of a call: an administrator, two members with projects of their own, and one with an
 * invalid token.
 */
export type User = "admin" | "alice" | "bob" | "unauthenticated";

/** A server, clients of every identity, and an unreachable server. */
export interface OperationHarness {
  readonly client: GlanceClientWrapper;
  /** A client of an unreachable server. */
  readonly gone: GlanceClientWrapper;
  readonly contexts: Readonly<Record<User, RequestContext>>;
  readonly raw: Readonly<Record<"admin" | "alice" | "bob", RawGlance>>;
  readonly projectOfBob: string;
}

/** A call and the check of its result. */
export interface Call<M extends OperationName> {
  readonly as: User;
  readonly args: OperationArgs<M>;
  readonly gives?: (result: OperationResult<M>) => void | Promise<void>;
  /** True to call the unreachable server. */
  readonly isGone?: boolean;
}

/** Prepares a call. */
export type Prepare<M extends OperationName> = (
  harness: OperationHarness,
) => Call<M> | Promise<Call<M>>;

/** How to succeed and to fail with an operation. */
export interface OperationCase<M extends OperationName> {
  /** Null if Glance always rejects the operation. */
  readonly good: Prepare<M> | null;
  readonly bad: Prepare<M>;
  /** The error class of the bad call. */
  readonly error: new (message: string) => GlanceError;
}

/** OperationCases of some operations. */
export type OperationCases<Names extends OperationName> = {
  readonly [M in Names]: OperationCase<M>;
};

/** An id that no image has. */
export const NO_ID = "00000000-0000-4000-8000-000000000000";

/** Creates an image of Alice's, with `size` bytes of data if not 0. */
export async function imageOf(
  { raw }: OperationHarness,
  meta: Fields = {},
  size = 0,
): Promise<string> {
  return await raw.alice.create(meta, size > 0 ? randomBytes(size) : undefined);
}

/** Creates an image of Alice's by import, optionally in several stores. */
export async function imported(
  harness: OperationHarness,
  stores?: readonly string[],
): Promise<string> {
  const id = await imageOf(harness);
  await harness.raw.alice.import(id, randomBytes(100), stores);
  return id;
}

/** Creates an image that Alice shares with Bob. */
export async function offered(harness: OperationHarness): Promise<string> {
  const id = await imageOf(harness, { visibility: "shared" });
  await harness.raw.alice.json("POST", `images/${id}/members`, { member: harness.projectOfBob });
  return id;
}

/** A call without a valid token. */
export function asUnauthenticated<M extends OperationName>(args: OperationArgs<M>): Prepare<M> {
  return () => ({ as: "unauthenticated", args });
}

/** An operation that needs no permission; the bad call uses an unreachable server. */
export function openOperation<M extends OperationName>(
  args: OperationArgs<M>,
  gives: (result: OperationResult<M>) => void,
): OperationCase<M> {
  return {
    good: () => ({ as: "unauthenticated", args, gives }),
    bad: () => ({ as: "unauthenticated", args, isGone: true }),
    error: GlanceConnectionFailed,
  };
}

/** Asserts that a call has no result. */
export function nothing(result: unknown): void {
  assertEquals(result, undefined);
}

/** The names of the entries. */
export function namesOf(list: readonly { readonly name: string }[]): string[] {
  return list.map(({ name }) => name).sort();
}

/** Asserts that a list is not empty. */
export function some(list: readonly unknown[]): void {
  assert(list.length > 0, "the list is empty");
}
