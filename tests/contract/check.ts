/**
 * A check of the contract: a name that is a claim, a run that throws where the claim is wrong, and
 * the versions in which it holds.
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Answer, Conversation } from "./conversation.ts";
import { type Facts, isAtLeast, type Target } from "./target.ts";

export interface Check {
  readonly name: string;
  /** The Image API version that brought it. */
  readonly since?: string;
  /** The last version in which it holds. */
  readonly until?: string;
  /** What the cloud must have, and what is said where it has not. */
  readonly needs?: readonly [what: string, has: (facts: Facts) => boolean];
  run(target: Target): Promise<void>;
}

/** Why a check does not apply to a target; null where it does. */
export function reasonToSkip({ since, until, needs }: Check, { facts }: Target): string | null {
  if (since !== undefined && !isAtLeast(facts.version, since)) return `since ${since}`;
  if (until !== undefined && !isAtLeast(until, facts.version)) return `until ${until}`;
  if (needs !== undefined && !needs[1](facts)) return `needs ${needs[0]}`;
  return null;
}

/** A check that is one conversation. */
export function check(
  name: string,
  talk: (cloud: Conversation) => Promise<void>,
  limits: Pick<Check, "since" | "until" | "needs"> = {},
): Check {
  return {
    name,
    ...limits,
    async run(target) {
      await using cloud = new Conversation(target);
      await talk(cloud);
    },
  };
}

/** Titles by status, as WebOb has them. */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  413: "Request Entity Too Large",
  415: "Unsupported Media Type",
  416: "Request Range Not Satisfiable",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
};

/** Asserts an error answer: its status, and a JSON body that says `text`. */
export function assertFailure(answer: Answer, status: number, text = ""): void {
  assertEquals(answer.status, status, answer.text);
  assertEquals(answer.headers.get("content-type"), "application/json");
  const { code, title, message } = answer.json;
  assertEquals(code, `${status} ${TITLES[status]}`);
  assertEquals(title, TITLES[status]);
  assertStringIncludes(String(message), text);
}

/**
 * Asserts the answer to input that Glance does not foresee: `status`, or the 500 of the real one,
 * which may have no body.
 */
export function assertUnforeseen(cloud: Conversation, answer: Answer, status: number): void {
  assertEquals(answer.status, cloud.target.facts.crashes ? 500 : status, answer.text);
}

/** Asserts a time as Glance writes it. */
export function assertTime(value: unknown): void {
  assertMatch(String(value), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
}
