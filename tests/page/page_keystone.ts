/**
 * A Keystone with users, projects and tokens for tests of the page, as a fetch, and the identities of its tokens for
 * an embedded Glance.
 */
import type { Identity } from "../../lib/embedded/request/identity.ts";

/** Address of this Keystone. */
export const KEYSTONE_URL = "http://keystone.invalid/v3";

/** The password of every user; no log, address or storage may have it. */
export const SECRET = "canary-password";

/** A project with a hostile name: markup, and a mark that changes the direction of text. */
export const HOSTILE = { id: "p-hostile", name: `<img src=x onerror=alert(1)>\u202Egnp` };

const PROJECTS = [{ id: "p-demo", name: "demo" }, { id: "p-ops", name: "ops" }, HOSTILE];

interface KeystoneToken {
  readonly user: string;
  readonly projectId: string | undefined;
}

/** What a response is made of; null for the response of Keystone itself. */
export type KeystoneFault = (request: Request) => Response | Promise<Response> | null;

/** Users `alice`, with all projects, and `eve`, with none. */
export class PageKeystone {
  readonly tokens = new Map<string, KeystoneToken>();
  /** Requests, as `POST /v3/auth/tokens`. */
  readonly requested: string[] = [];
  /** Milliseconds for which a token is valid. */
  lifetime = 3_600_000;
  fault: KeystoneFault = () => null;
  #issued = 0;

  /** Handles a request if it is for this Keystone; null if it is not. */
  async respond(request: Request): Promise<Response | null> {
    const { pathname, origin } = new URL(request.url);
    if (origin !== new URL(KEYSTONE_URL).origin) return null;
    this.requested.push(`${request.method} ${pathname}`);
    return await this.fault(request) ?? await this.#answer(request, pathname);
  }

  /** Who has a token, for the embedded Glance. */
  readonly identify = (token: string | null): Identity | null => {
    const { user, projectId } = this.tokens.get(token ?? "") ?? {};
    if (user === undefined || projectId === undefined) return null;
    // The images that a test prepares may be public.
    return { userId: user, projectId, roles: [token === "prepared" ? "admin" : "member"] };
  };

  async #answer(request: Request, path: string): Promise<Response> {
    const { method, headers } = request;
    const own = this.tokens.get(headers.get("x-auth-token") ?? "");
    if (method === "POST") return this.#issue(await request.json());
    if (own === undefined) return refused();
    if (path === "/v3/auth/projects") {
      return Response.json({ projects: own.user === "eve" ? [] : PROJECTS, links: {} });
    }
    const subject = headers.get("x-subject-token") ?? "";
    if (method === "GET") return this.#describe(subject, 200);
    this.tokens.delete(subject);
    return new Response(null, { status: 204 });
  }

  #issue({ auth: { identity, scope } }: AuthBody): Response {
    const { password, token, application_credential: credential } = identity;
    const held = token === undefined ? undefined : this.tokens.get(token.id);
    const user = held?.user ??
      (password?.user.password === SECRET ? password.user.name : undefined);
    const isBound = credential?.id === "credential" && credential.secret === SECRET;
    if (user === undefined && !isBound) return refused();
    const project = scope?.project;
    const named = PROJECTS.find(({ id, name }) => id === project?.id || name === project?.name);
    if (project !== undefined && named === undefined) return refused();
    const value = `token-${++this.#issued}`;
    this.tokens.set(value, { user: user ?? "alice", projectId: isBound ? "p-ops" : named?.id });
    return this.#describe(value, 201);
  }

  #describe(token: string, status: number): Response {
    const held = this.tokens.get(token);
    if (held === undefined) return refused();
    const project = held.projectId === undefined ? undefined : { id: held.projectId };
    const body = {
      user: { id: held.user },
      project,
      roles: [{ name: "member" }],
      expires_at: new Date(Date.now() + this.lifetime).toISOString(),
    };
    return Response.json({ token: body }, { status, headers: { "x-subject-token": token } });
  }
}

interface AuthBody {
  readonly auth: {
    readonly identity: {
      readonly password?: { readonly user: { readonly name: string; readonly password: string } };
      readonly token?: { readonly id: string };
      readonly application_credential?: { readonly id: string; readonly secret: string };
    };
    readonly scope?: { readonly project?: { readonly id?: string; readonly name?: string } };
  };
}

function refused(): Response {
  const error = { code: 401, message: "The request you have made requires authentication." };
  return Response.json({ error }, { status: 401 });
}
