/** Policies that restrict Glance's defaults, and the error responses. */

import { type Failure, forbidden, notFound } from "../http/errors.ts";
import { type Identity, isAdmin } from "./identity.ts";

/** Returns false to forbid an action. `action` is the name of Glance's policy. */
export type EmbeddedPolicy = (action: string, identity: Identity) => boolean;

/** The parts of a request that a policy check reads. */
interface PolicyCaller {
  readonly cloud: { readonly policy: EmbeddedPolicy };
  readonly identity: Identity;
  readonly action: string | null;
}

/**
 * Checks the policy of an action.
 *
 * @throws {Failure} 403 if the policy forbids it.
 */
export function checkPolicy({ cloud, identity }: PolicyCaller, action: string | null): void {
  if (action === null || cloud.policy(action, identity)) return;
  throw unauthorized(action);
}

/**
 * Checks the policies of a request for an image that the caller can see.
 *
 * @throws {Failure} 404 if `get_image` is forbidden, 403 if the action of the request is.
 */
export function checkImagePolicy(caller: PolicyCaller, missing: () => Failure = notFound): void {
  if (!caller.cloud.policy("get_image", caller.identity)) throw missing();
  checkPolicy(caller, caller.action);
}

/**
 * Checks a new visibility: only administrators may set "public", and the policies may forbid
 * "public" and "community".
 *
 * @throws {Failure} 403 if the visibility is not allowed.
 */
export function checkVisibilityPolicy(caller: PolicyCaller, visibility: unknown): void {
  if (visibility === "public" && !isAdmin(caller.identity)) throw unauthorized("publicize_image");
  const action = visibility === "public"
    ? "publicize_image"
    : visibility === "community"
    ? "communitize_image"
    : null;
  checkPolicy(caller, action);
}

/**
 * Allows only administrators.
 *
 * @param action name of Glance's policy, for the message (default: that of the request).
 * @throws {Failure} 403 for all others.
 */
export function requireAdmin({ identity, action: own }: PolicyCaller, action = own): void {
  if (!isAdmin(identity)) throw unauthorized(action);
}

/** Glance's 403 response to an action that a policy forbids. */
export function unauthorized(action: string | null): Failure {
  return forbidden(`You are not authorized to complete ${action} action.`);
}
