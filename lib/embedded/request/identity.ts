/**
 * Who a request comes from, and what its roles allow. The embedded Glance checks no password: the
 * `identify` option says who a token is.
 *
 * @module
 */

import type { ImageRow } from "../store/image_records.ts";

/** Who a token belongs to. */
export interface Requester {
  /** Project that owns what this caller creates. */
  readonly projectId: string | null;
  /** Who asks; tasks note it. */
  readonly userId: string | null;
  /** `admin` sees and changes everything; `service` may read and add locations. */
  readonly roles: readonly string[];
}

/** Everybody, where no `identify` is given: one project that may do everything. */
export const EVERYBODY: Requester = { projectId: "local", userId: "local", roles: ["admin"] };

/** Holds the role that Glance's policies call `context_is_admin`. */
export function isAdmin(identity: Requester): boolean {
  return identity.roles.some((role) => role.toLowerCase() === "admin");
}

/** Holds Keystone's role for services, which the location APIs of 2.17 ask for. */
export function isService(identity: Requester): boolean {
  return identity.roles.some((role) => role.toLowerCase() === "service");
}

/** May change the image: an administrator or its owner. */
export function canChange(identity: Requester, row: ImageRow): boolean {
  if (isAdmin(identity)) return true;
  return row.owner !== null && row.owner === identity.projectId;
}

/** Is a service, or acts for one as an administrator, or owns the image. */
export function ownsOrService(identity: Requester, row: ImageRow): boolean {
  return isService(identity) || canChange(identity, row);
}

/** May see the image when it asks for it by id. */
export function canSee(identity: Requester, row: ImageRow): boolean {
  if (isAdmin(identity) || row.owner === null) return true;
  if (row.visibility === "public" || row.visibility === "community") return true;
  if (identity.projectId === null) return false;
  if (row.owner === identity.projectId) return true;
  return row.visibility === "shared" &&
    row.members.some((member) => member.member_id === identity.projectId);
}
