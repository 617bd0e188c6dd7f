/**
 * The identity of a client, and the permissions of its roles. The embedded Glance checks no
 * passwords: the option `identify` maps tokens to identities.
 */

import type { ImageRow } from "../storage/image_records.ts";

/** Owner of a token. */
export interface Identity {
  /** Project that owns the images this identity creates. */
  readonly projectId: string | null;
  /** User id, recorded in tasks. */
  readonly userId: string | null;
  /** `admin` sees and changes everything; `service` may read and add locations. */
  readonly roles: readonly string[];
}

/** The default identity: one project with the role `admin`. */
export const DEFAULT_IDENTITY: Identity = {
  projectId: "local",
  userId: "local",
  roles: ["admin"],
};

/** True for the role of Glance's rule `context_is_admin`. */
export function isAdmin(identity: Identity): boolean {
  return identity.roles.some((role) => role.toLowerCase() === "admin");
}

/** True for Keystone's role for services, which may read and add locations (2.17). */
export function isService(identity: Identity): boolean {
  return identity.roles.some((role) => role.toLowerCase() === "service");
}

/** True if the identity may change the image: administrators and the owner. */
export function canChange(identity: Identity, row: ImageRow): boolean {
  if (isAdmin(identity)) return true;
  return row.owner !== null && row.owner === identity.projectId;
}

/** True for services, administrators, and the owner of the image. */
export function ownsOrService(identity: Identity, row: ImageRow): boolean {
  return isService(identity) || canChange(identity, row);
}

/** True if the identity may see the image when requested by id. */
export function canSee(identity: Identity, row: ImageRow): boolean {
  if (isAdmin(identity) || row.owner === null) return true;
  if (row.visibility === "public" || row.visibility === "community") return true;
  if (identity.projectId === null) return false;
  if (row.owner === identity.projectId) return true;
  return row.visibility === "shared" &&
    row.members.some((member) => member.member_id === identity.projectId);
}
