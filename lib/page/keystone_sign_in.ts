/** The sign-in of the page: a gateway exchanges what users type at its own Keystone. */
import { authenticate, listProjects, revokeToken } from "../auth/keystone.ts";
import type { Credentials, KeystoneProject } from "../auth/keystone.ts";
import { identityServer } from "../auth/keystone_client.ts";
import { methodOf } from "../auth/credentials.ts";
import type { RequestContext } from "../context.ts";
import { AuthenticationFailed } from "../errors.ts";
import type { GlanceOptions } from "../options.ts";

/** Milliseconds that Keystone has to respond: a user is waiting. */
const TIMEOUT = 15_000;

/** What a user signs in with: a password, an application credential, or a token. */
export type SignInForm = Omit<Credentials, "authUrl">;

/** A user who is signed in. */
export interface SignedIn {
  /** The token, its project, and when it expires. */
  readonly context: RequestContext;
  /** The projects that the user can switch to. */
  readonly projects: readonly KeystoneProject[];
}

/** Signs users of the page in and out. */
export interface PageSignIn {
  /** Exchanges what a user typed for a token. */
  signIn(form: SignInForm): Promise<SignedIn>;
  /** Revokes a token that was issued. */
  signOut(token: string): Promise<void>;
}

/**
 * Lets users of the page sign in at a Keystone. Its address is never sent to the page, and no request is repeated:
 * a wrong password counts once.
 *
 * @param authUrl Keystone's URL: `https://keystone:5000/v3`
 * @throws {InvalidConfigurationValue} if it is not a URL.
 *
 * @example
 * ```ts
 * import { createImageRouter, keystoneSignIn } from "@glance-edge/glance/router";
 *
 * const router = createImageRouter({
 *   apiServers: ["http://glance-a:9292"],
 *   page: { signIn: keystoneSignIn("https://keystone:5000/v3") },
 * });
 * const page = await router.request("/", { headers: { accept: "text/html" } });
 * console.assert((await page.text()).includes("data-sign-in"));
 * ```
 */
export function keystoneSignIn(authUrl: string, options: GlanceOptions = {}): PageSignIn {
  identityServer(authUrl);
  const { requestTimeout = TIMEOUT } = options;
  const once: GlanceOptions = {
    ...options,
    numRetries: 0,
    outageTimeout: 0,
    requestTimeout: Math.min(requestTimeout, TIMEOUT),
  };
  return {
    async signIn(form) {
      const context = await authenticate({ ...form, authUrl }, once);
      const { authToken = "", projectId } = context;
      const all = await listProjects(authUrl, authToken, once).catch((error) => {
        // An application credential may be limited to other requests.
        if (error instanceof AuthenticationFailed) return [];
        throw error;
      });
      if (projectId !== undefined) {
        const own = all.filter(({ id }) => id === projectId);
        const projects = own.length > 0 ? own : [{ id: projectId, name: projectId }];
        // An application credential belongs to one project.
        const isBound = methodOf({ ...form, authUrl }) === "applicationCredential";
        return { context, projects: isBound || own.length === 0 ? projects : all };
      }
      const [first] = all;
      if (first === undefined) return { context, projects: [] };
      // A token without a project is valid for nothing but this.
      const scoped = { authUrl, token: authToken, projectId: first.id };
      return { context: await authenticate(scoped, once), projects: all };
    },
    signOut: (token) => revokeToken(authUrl, token, once),
  };
}
