/**
 * A Keystone for tests, as a fetch: it hands out numbered tokens and remembers what it was asked.
 */
import type { GlanceOptions } from "../../lib/options.ts";

/** What Keystone was asked. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** An answer, or an error that the connection fails with. */
export type Answer = () => Response | Error | Promise<Response>;

/** Answers with tokens `token-1`, `token-2`, … unless told otherwise. */
export class FakeKeystone {
  readonly asked: Asked[] = [];
  readonly slept: number[] = [];
  /** Milliseconds for which a token is good. */
  lifetime = 3_600_000;
  /** Taken one by one before any token is given. */
  readonly answers: Answer[] = [];
  #tokens = 0;

  /** Options with which this Keystone is asked, without waiting. */
  readonly options: GlanceOptions = {
    fetch: (input, init) => this.#fetch(input, init),
    sleep: (ms, signal) => this.#sleep(ms, signal),
    random: () => 0.5,
    now: () => 0,
  };

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const { method = "GET", headers, body } = init;
    this.asked.push({
      method,
      url,
      headers: Object.fromEntries(new Headers(headers)),
      body: typeof body === "string" ? JSON.parse(body) : null,
    });
    const answer = await (this.answers.shift() ?? (() => this.token()))();
    if (answer instanceof Error) throw answer;
    return answer;
  }

  /** A token, as Keystone gives it. */
  token(more: Record<string, unknown> = {}): Response {
    const token = {
      methods: ["password"],
      user: { id: "u1", name: "alice", domain: { id: "default", name: "Default" } },
      project: { id: "p1", name: "demo", domain: { id: "default", name: "Default" } },
      roles: [{ id: "r1", name: "member" }, { id: "r2", name: "reader" }],
      catalog: [{ type: "image", name: "glance", endpoints: [] }],
      // Keystone writes microseconds.
      expires_at: new Date(Date.now() + this.lifetime).toISOString().replace("Z", "000Z"),
      ...more,
    };
    const headers = { "x-subject-token": `token-${++this.#tokens}` };
    return Response.json({ token }, { status: 201, headers });
  }

  /** Waits for nothing, but for the clock of a deadline, which stands still. */
  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal !== undefined) {
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    }
    this.slept.push(ms);
    return Promise.resolve();
  }
}

/** Keystone's own error. */
export function refusal(status: number, message: string, headers = {}): Response {
  const title = "Refused";
  return Response.json({ error: { code: status, message, title } }, { status, headers });
}
