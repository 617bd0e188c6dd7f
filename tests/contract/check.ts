/**
 * A check of the contract: a claim as its name, a function that throws if the claim is false, and
 * the versions it applies to.
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Conversation, type ReceivedResponse } from "./conversation.ts";
import { type Facts, isAtLeast, type Target } from "./target.ts";

export interface Check {
  readonly name: string;
  /** First Image API version it applies to. */
  readonly since?: string;
  /** Last Image API version it applies to. */
  readonly until?: string;
  /** A required feature, and the test for it. */
  readonly needs?: readonly [what: string, has: (facts: Facts) => boolean];
  run(target: Target): Promise<void>;
}

/** Why a check does not apply to a target; null if it applies. */
export function reasonToSkip({ since, until, needs }: Check, { facts }: Target): string | null {
  if (since !== undefined && !isAtLeast(facts.version, since)) return `since ${since}`;
  if (until !== undefined && !isAtLeast(until, facts.version)) return `until ${until}`;
  if (needs !== undefined && !needs[1](facts)) return `needs ${needs[0]}`;
  return null;
}

/** Defines a check that uses one conversation. */
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

/** WebOb's titles by status. */
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

/** Asserts an error response: its status, and a JSON body that contains `text`. */
export function assertFailure(response: ReceivedResponse, status: number, text = ""): void {
  assertEquals(response.status, status, response.text);
  assertEquals(response.headers.get("content-type"), "application/json");
  const { code, title, message } = response.json;
  assertEquals(code, `${status} ${TITLES[status]}`);
  assertEquals(title, TITLES[status]);
  assertStringIncludes(String(message), text);
}

/**
 * Asserts the response to input on which Glance fails: `status`, or 500 from the real Glance, which
 * may have no body.
 */
export function assertUnforeseen(
  cloud: Conversation,
  response: ReceivedResponse,
  status: number,
): void {
  assertEquals(response.status, cloud.target.facts.crashes ? 500 : status, response.text);
}

/** Asserts a time in Glance's format. */
export function assertTime(value: unknown): void {
  assertMatch(String(value), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
}
