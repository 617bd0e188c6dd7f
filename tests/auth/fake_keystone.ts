/**
 * A Keystone for tests, as a fetch: it issues numbered tokens and records its requests. The embedded Glance
 * checks no tokens, and faults of a real Keystone (wrong bodies, clocks, statuses) cannot be planned.
 */
import { assert, assertEquals } from "@std/assert";
import type { Credentials } from "../../lib/auth/keystone.ts";
import { GlanceError } from "../../lib/errors.ts";
import type { GlanceOptions } from "../../lib/options.ts";

/** A request to Keystone. */
export interface KeystoneCall {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A response, or the error with which the connection fails. */
export type Responder = () => Response | Error | Promise<Response>;

/** The time by the local clock and by Keystone's, in milliseconds since 1970. */
export const NOW = Date.parse("2026-01-02T03:04:05Z");

/** Issues the tokens `token-1`, `token-2`, … after the scripted responses. */
export class FakeKeystone {
  readonly requested: KeystoneCall[] = [];
  readonly slept: number[] = [];
  /** Milliseconds for which a token is valid. */
  lifetime = 3_600_000;
  /** Responses that are sent before any token is issued. */
  readonly responses: Responder[] = [];
  #tokens = 0;

  /** Options that send requests to this Keystone, without delays. */
  readonly options: GlanceOptions = {
    fetch: (input, init) => this.#fetch(input, init),
    sleep: (ms) => Promise.resolve(void this.slept.push(ms)),
    timer: () => () => {},
    random: () => 0.5,
    now: () => 0,
    wallClock: () => NOW,
  };

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const { method = "GET", headers, body } = init;
    this.requested.push({
      method,
      url,
      headers: Object.fromEntries(new Headers(headers)),
      body: typeof body === "string" ? JSON.parse(body) : null,
    });
    const response = await (this.responses.shift() ?? (() => this.token()))();
    if (response instanceof Error) throw response;
    return response;
  }

  /** A token response of Keystone. */
  token(more: Record<string, unknown> = {}): Response {
    const token = {
      methods: ["password"],
      user: { id: "u1", name: "alice", domain: { id: "default", name: "Default" } },
      project: { id: "p1", name: "demo", domain: { id: "default", name: "Default" } },
      roles: [{ id: "r1", name: "member" }, { id: "r2", name: "reader" }],
      catalog: [{ type: "image", name: "glance", endpoints: [] }],
      // Keystone writes microseconds.
      expires_at: new Date(NOW + this.lifetime).toISOString().replace("Z", "000Z"),
      ...more,
    };
    const headers = { "x-subject-token": `token-${++this.#tokens}` };
    return Response.json({ token }, { status: 201, headers });
  }
}

/** An error response of Keystone. */
export function refusal(status: number, message: string, headers = {}): Response {
  const title = "Refused";
  return Response.json({ error: { code: status, message, title } }, { status, headers });
}

/** A password that no error may contain. */
export const PASSWORD = "canary-password";

/** Credentials with that password. */
export const ALICE: Credentials = {
  authUrl: "https://keystone:5000/v3",
  username: "alice",
  password: PASSWORD,
  projectName: "demo",
};

/** Checks that no secret is in message, stack, fields, or causes. */
export function assertSecretsAbsent(error: Error): void {
  assert(error instanceof GlanceError);
  assertEquals(Deno.inspect(error, { depth: 20 }).includes("canary"), false);
}
