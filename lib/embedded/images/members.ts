/** Members of an image: the projects it is shared with, and their acceptance status. */

import { type ImageMember, MEMBER_STATUSES, type MemberStatus } from "../../api/types.ts";
import {
  type EmbeddedRequest,
  json,
  type JsonBody,
  jsonBody,
  noContent,
  param,
} from "../request/request.ts";
import { isSameText } from "../lists/collation.ts";
import { badRequest, conflict, forbidden, notFound } from "../http/errors.ts";
import { canChange, isAdmin } from "../request/identity.ts";
import { changeImage, imageNotFound, visibleImage } from "./access.ts";
import { timesOfCreation, timestamp } from "../request/embedded_cloud.ts";
import { characters, checkCharacters } from "./property_rules.ts";
import { checkCount } from "./quotas.ts";
import type { ImageRow, MemberRow } from "../storage/image_records.ts";

/** VARCHAR(255). Glance responds with 500 to a longer value. */
const MEMBER_MAX = 255;

/** `GET /v2/images/{image_id}/members` */
export function listMembers(call: EmbeddedRequest): Response {
  const row = visibleImage(call, imageNotFound);
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
export function showMember(call: EmbeddedRequest): Response {
  const row = visibleImage(call, imageNotFound);
  if (row.visibility !== "shared") throw notFound("Only shared images have members.");
  return json(memberView(row.id, memberOf(call, row)));
}

/** `POST /v2/images/{image_id}/members` */
export async function addMember(call: EmbeddedRequest): Promise<Response> {
  const given = givenMember(await jsonBody(call));
  const message = `Not allowed to create members for image ${param(call, 0)}.`;
  visibleImage(call, imageNotFound);
  const added: Omit<MemberRow, "member_id"> = {
    status: "pending",
    ...timesOfCreation(call.cloud),
  };
  const row = await changeImage(call, (current) => {
    if (current.visibility !== "shared" || !canChange(call.identity, current)) {
      throw forbidden(message);
    }
    const refused = `Image member limit exceeded for image ${current.id}`;
    const attempted = current.members.length + 1;
    checkCount("members for this image", attempted, call.cloud.memberQuota, refused);
    const memberId = newMemberId(given);
    if (memberIn(current, memberId) !== undefined) {
      throw conflict(`Member ${memberId} is duplicated for image ${current.id}`);
    }
    return { ...current, members: [...current.members, { member_id: memberId, ...added }] };
  });
  // The response repeats the value of the request; the database converts it to text.
  return json({ ...added, member_id: given, image_id: row.id, schema: "/v2/schemas/member" });
}

/** `PUT /v2/images/{image_id}/members/{member_id}` */
export async function updateMember(call: EmbeddedRequest): Promise<Response> {
  const status = newStatus(await jsonBody(call));
  visibleImage(call, imageNotFound);
  const row = await changeImage(call, (current) => {
    const isOwner = current.owner === call.identity.projectId;
    if (current.visibility !== "shared" || (isOwner && !isAdmin(call.identity))) {
      throw forbidden(`Not allowed to update members for image ${param(call, 0)}.`);
    }
    const member = { ...memberOf(call, current), status: checkedStatus(status) };
    const updated = { ...member, updated_at: timestamp(call.cloud) };
    const members = current.members.map((old) =>
      old.member_id === member.member_id ? updated : old
    );
    return { ...current, members };
  });
  return json(memberView(row.id, memberOf(call, row)));
}

/** `DELETE /v2/images/{image_id}/members/{member_id}` */
export async function removeMember(call: EmbeddedRequest): Promise<Response> {
  visibleImage(call, imageNotFound);
  await changeImage(call, (current) => {
    if (current.visibility !== "shared" || !canChange(call.identity, current)) {
      throw forbidden(`Not allowed to delete members for image ${current.id}.`);
    }
    const gone = memberOf(call, current);
    return { ...current, members: current.members.filter((member) => member !== gone) };
  });
  return noContent();
}

/** True if the client may see the member: the owner sees all, a member only itself. */
function maySeeMember(call: EmbeddedRequest, row: ImageRow, member: MemberRow): boolean {
  return canChange(call.identity, row) || member.member_id === call.identity.projectId;
}

/** The member whose id is the second path parameter. */
function memberOf(call: EmbeddedRequest, row: ImageRow): MemberRow {
  const id = param(call, 1);
  const member = memberIn(row, id);
  if (member !== undefined && maySeeMember(call, row, member)) return member;
  throw notFound(`${id} not found in the member list of the image ${row.id}.`);
}

function memberIn(row: ImageRow, id: string): MemberRow | undefined {
  return row.members.find(({ member_id }) => isSameText(member_id, id));
}

function memberView(imageId: string, member: MemberRow): ImageMember {
  return { ...member, image_id: imageId, schema: "/v2/schemas/member" };
}

function givenMember(body: JsonBody): unknown {
  if (Array.isArray(body)) {
    throw badRequest('Expected a member in the form: {"member": "image_id"}');
  }
  if (!Object.hasOwn(body, "member")) throw badRequest("Member to be added not specified");
  const given = body["member"];
  const isEmpty = typeof given === "object" && Object.keys(given ?? {}).length === 0;
  if (!given || isEmpty) throw badRequest("Member can't be empty");
  return given;
}

function newMemberId(given: unknown): string {
  const id = memberText(given);
  if (characters(id) > MEMBER_MAX) {
    throw badRequest(`Member can't be greater than ${MEMBER_MAX} characters`);
  }
  checkCharacters({ member: id });
  return id;
}

/** The text that Glance's database stores for a member that is not a string. */
function memberText(member: unknown): string {
  if (typeof member === "string") return member;
  if (typeof member === "boolean") return member ? "1" : "0";
  if (typeof member === "number") return String(member);
  if (Array.isArray(member) && member.length === 1) return memberText(member[0]);
  throw badRequest("Member must be a string");
}

function newStatus(body: JsonBody): unknown {
  if (Array.isArray(body)) {
    throw badRequest('Expected a status in the form: {"status": "status"}');
  }
  if (!Object.hasOwn(body, "status")) throw badRequest("Status not specified");
  return body["status"];
}

function checkedStatus(status: unknown): MemberStatus {
  const known = MEMBER_STATUSES.find((candidate) => candidate === status);
  if (known !== undefined) return known;
  throw badRequest('Incorrect request: Status must be "pending", "accepted" or "rejected".');
}
