/**
 * Members of an image: the projects that it is shared with, and what they answer.
 *
 * @module
 */

import type { ImageMember, MemberStatus } from "../images/types.ts";
import { type Call, json, type JsonBody, jsonBody, noContent, param } from "./call.ts";
import { badRequest, conflict, Failure, forbidden, notFound } from "./failures.ts";
import { isAdmin } from "./identity.ts";
import { changeImage, visibleImage } from "./lookup.ts";
import { timestamp } from "./options.ts";
import type { ImageRow, MemberRow } from "./rows.ts";

const STATUSES: readonly MemberStatus[] = ["pending", "accepted", "rejected"];

/** `GET /v2/images/{image_id}/members` */
export function listMembers(call: Call): Response {
  const row = lookUp(call);
  if (row.visibility !== "shared") {
    throw forbidden(
      `Not allowed to list members for image ${row.id}: Only shared images have members.`,
    );
  }
  const members = row.members.filter((member) => maySeeMember(call, row, member));
  return json({
    members: members.map((member) => memberView(row.id, member)),
    schema: "/v2/schemas/members",
  });
}

/** `GET /v2/images/{image_id}/members/{member_id}` */
export function showMember(call: Call): Response {
  const row = lookUp(call);
  if (row.visibility !== "shared") throw notFound("Only shared images have members.");
  return json(memberView(row.id, memberOf(call, row)));
}

/** `POST /v2/images/{image_id}/members` */
export async function addMember(call: Call): Promise<Response> {
  const memberId = newMemberId(await jsonBody(call));
  const refusal = `Not allowed to create members for image ${param(call, 0)}.`;
  lookUp(call);
  const now = timestamp(call.cloud);
  const row = await changeImage(call, (current) => {
    if (current.visibility !== "shared" || !ownsOrAdmin(call, current)) throw forbidden(refusal);
    checkQuota(call, current);
    if (current.members.some(({ member_id }) => member_id === memberId)) {
      throw conflict(`Member ${memberId} is duplicated for image ${current.id}`);
    }
    const member: MemberRow = {
      member_id: memberId,
      status: "pending",
      created_at: now,
      updated_at: now,
    };
    return { ...current, members: [...current.members, member] };
  });
  return json(memberView(row.id, memberIn(row, memberId)));
}

/** `PUT /v2/images/{image_id}/members/{member_id}` */
export async function updateMember(call: Call): Promise<Response> {
  const status = newStatus(await jsonBody(call));
  const memberId = param(call, 1);
  lookUp(call);
  const row = await changeImage(call, (current) => {
    const isOwner = current.owner === call.identity.projectId;
    if (current.visibility !== "shared" || (isOwner && !isAdmin(call.identity))) {
      throw forbidden(`Not allowed to update members for image ${current.id}.`);
    }
    const member = { ...memberOf(call, current), status: checkedStatus(status) };
    const updated = { ...member, updated_at: timestamp(call.cloud) };
    const members = current.members.map((old) => old.member_id === memberId ? updated : old);
    return { ...current, members };
  });
  return json(memberView(row.id, memberIn(row, memberId)));
}

/** `DELETE /v2/images/{image_id}/members/{member_id}` */
export async function removeMember(call: Call): Promise<Response> {
  lookUp(call);
  await changeImage(call, (current) => {
    if (current.visibility !== "shared" || !ownsOrAdmin(call, current)) {
      throw forbidden(`Not allowed to delete members for image ${current.id}.`);
    }
    const gone = memberOf(call, current);
    return { ...current, members: current.members.filter((member) => member !== gone) };
  });
  return noContent();
}

function lookUp(call: Call): ImageRow {
  return visibleImage(call, (id) => notFound(`Image ${id} not found.`));
}

function ownsOrAdmin({ identity }: Call, row: ImageRow): boolean {
  return isAdmin(identity) || (row.owner !== null && row.owner === identity.projectId);
}

/** Owners see every member, members only themselves. */
function maySeeMember(call: Call, row: ImageRow, member: MemberRow): boolean {
  return ownsOrAdmin(call, row) || member.member_id === call.identity.projectId;
}

/** The member that the second segment names. */
function memberOf(call: Call, row: ImageRow): MemberRow {
  const id = param(call, 1);
  const member = row.members.find(({ member_id }) => member_id === id);
  if (member !== undefined && maySeeMember(call, row, member)) return member;
  throw notFound(`${id} not found in the member list of the image ${row.id}.`);
}

function memberIn(row: ImageRow, id: string): MemberRow {
  const member = row.members.find(({ member_id }) => member_id === id);
  if (member === undefined) throw new Failure(500);
  return member;
}

function memberView(imageId: string, member: MemberRow): ImageMember {
  return { ...member, image_id: imageId, schema: "/v2/schemas/member" };
}

function checkQuota({ cloud }: Call, row: ImageRow): void {
  const attempted = row.members.length + 1;
  if (attempted <= cloud.memberQuota) return;
  throw new Failure(
    413,
    `Image member limit exceeded for image ${row.id}: The limit has been exceeded on the number ` +
      `of allowed image members for this image. Attempted: ${attempted}, Maximum: ` +
      `${cloud.memberQuota}:`,
  );
}

function newMemberId(body: JsonBody): string {
  if (Array.isArray(body)) {
    throw badRequest('Expected a member in the form: {"member": "image_id"}');
  }
  if (!Object.hasOwn(body, "member")) throw badRequest("Member to be added not specified");
  const id = body["member"];
  if (!id) throw badRequest("Member can't be empty");
  return String(id);
}

function newStatus(body: JsonBody): unknown {
  if (Array.isArray(body)) {
    throw badRequest('Expected a status in the form: {"status": "status"}');
  }
  if (!Object.hasOwn(body, "status")) throw badRequest("Status not specified");
  return body["status"];
}

function checkedStatus(status: unknown): MemberStatus {
  const known = STATUSES.find((candidate) => candidate === status);
  if (known !== undefined) return known;
  throw badRequest('Incorrect request: Status must be "pending", "accepted" or "rejected".');
}
