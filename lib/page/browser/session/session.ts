/**
 * Sessions at the Keystone of the gateway. Tokens, and what the user typed, are in the memory of this tab only. A
 * token cannot extend its own life, so the form is sent again to renew it.
 */
import { GlanceError, type RequestContext } from "../../../../mod.ts";
import { ENDPOINT, type User } from "../gateway.ts";

/** What a user typed, and the project to work in. */
export type SessionForm = Readonly<Record<string, string>>;

/** A user who is signed in. */
export interface SessionUser extends User {
  /** The name that the user typed. */
  readonly name: string | undefined;
  readonly projects: readonly { readonly id: string; readonly name: string }[];
  /** When the session ends; undefined if it is renewed. */
  readonly endsAt: Date | undefined;
  /** The same user in another project. */
  switchTo(projectId: string): Promise<SessionUser>;
  /** Revokes the tokens that the gateway issued. */
  signOut(): Promise<void>;
}

/** The response of the gateway. */
interface SessionDocument {
  readonly token: string;
  readonly expiresIn: number | null;
  readonly projectId?: string;
  readonly projects: SessionUser["projects"];
}

/** Signs in. */
export async function signIn(form: SessionForm): Promise<SessionUser> {
  return userOf(form, await exchange(form), new Set());
}

/** `issued` has the tokens that were issued in this session; the user may use a token that was typed elsewhere. */
function userOf(form: SessionForm, first: SessionDocument, issued: Set<string>): SessionUser {
  const typed = form["token"];
  let current = contextOf(first);
  let pending: Promise<RequestContext> | null = null;

  function contextOf({ token, expiresIn, projectId }: SessionDocument): RequestContext {
    if (token !== typed) issued.add(token);
    return {
      authToken: token,
      projectId,
      expiresAt: expiresIn === null ? undefined : new Date(Date.now() + expiresIn),
      renew: typed === undefined ? renew : undefined,
    };
  }
  function renew(): Promise<RequestContext> {
    pending ??= replaced().finally(() => pending = null);
    return pending;
  }
  async function replaced(): Promise<RequestContext> {
    try {
      if (issued.size === 0) throw new GlanceError("You have signed out.", { status: 401 });
      const { authToken = "" } = current;
      current = contextOf(await exchange(form));
      issued.delete(authToken);
      return current;
    } catch (error) {
      // Keystone may be back before the token expires.
      const isRefused = error instanceof GlanceError && error.status === 401;
      if (isRefused || Number(current.expiresAt) <= Date.now()) throw error;
      return current;
    }
  }

  return {
    context: current,
    name: form["username"],
    projects: first.projects,
    endsAt: typed === undefined ? undefined : current.expiresAt,
    async switchTo(projectId) {
      const changed = await exchange({ token: current.authToken ?? "", projectId });
      const { projectName: _, ...others } = form;
      return userOf({ ...others, projectId }, changed, issued);
    },
    async signOut() {
      const tokens = [...issued];
      issued.clear();
      await Promise.all(tokens.map((token) => send("DELETE", { "x-auth-token": token })));
    },
  };
}

async function exchange(form: SessionForm): Promise<SessionDocument> {
  const headers = { "content-type": "application/json" };
  return await (await send("POST", headers, JSON.stringify(form))).json();
}

async function send(
  method: string,
  headers: Record<string, string>,
  body: string | null = null,
): Promise<Response> {
  const init = { method, headers, body, keepalive: method === "DELETE" };
  const response = await fetch(`${ENDPOINT}/page/session`, init).catch((cause) => {
    throw new GlanceError("The gateway cannot be reached; check the network", { cause });
  });
  if (response.ok) return response;
  const { message = `The gateway sent ${response.status}` } = await response.json()
    .catch(() => ({}));
  throw new GlanceError(message, { status: response.status });
}
