/** Operations of image members and tags. */
import { jsonBody, textIn } from "./arguments.ts";
import { receiveList, receiveRecord } from "../decode.ts";
import {
  type Defined,
  defineOperation,
  DELETED,
  JSON_TYPE,
  NO_CONTENT,
  type OperationDefinitions,
  tableOf,
} from "./define.ts";
import type { ImageMember, MemberStatus } from "../types.ts";

/** Operations on members and tags. */
export interface MemberAndTagOperations {
  /** Lists the members of an image. `GET /v2/images/{image_id}/members`, since 2.1. */
  "members.list"(imageId: string): readonly ImageMember[];
  /** Shows a member. `GET /v2/images/{image_id}/members/{member_id}`, since 2.1. */
  "members.get"(imageId: string, memberId: string): ImageMember;
  /** Shares an image with a project. `POST /v2/images/{image_id}/members`, since 2.1. */
  "members.create"(imageId: string, memberId: string): ImageMember;
  /** Accepts or rejects a shared image, as the member. `PUT /v2/images/{image_id}/members/{member_id}`, since 2.1. */
  "members.update"(imageId: string, memberId: string, status: MemberStatus): ImageMember;
  /** Stops sharing an image with a project. `DELETE /v2/images/{image_id}/members/{member_id}`, since 2.1. */
  "members.delete"(imageId: string, memberId: string): void;
  /**
   * Adds a tag. `PUT /v2/images/{image_id}/tags/{tag}`, since 2.0. Glance reads paths as Latin-1, so a
   * tag that is not ASCII is stored garbled; `update` of `/tags` does not have this problem.
   */
  "tags.update"(imageId: string, tag: string): void;
  /** Removes a tag. `DELETE /v2/images/{image_id}/tags/{tag}`, since 2.0. */
  "tags.delete"(imageId: string, tag: string): void;
}

const MEMBERS = "/v2/images/{image_id}/members";
const MEMBER = "/v2/images/{image_id}/members/{member_id}";
const TAG = "/v2/images/{image_id}/tags/{tag}";

/** Lists the members of an image. */
export const LIST_MEMBERS: Defined<MemberAndTagOperations, "members.list"> =
  /* @__PURE__ */ defineOperation(
    'list the members of image "{image_id}"',
    "GET",
    MEMBERS,
    "2.1",
    {
      success: [200],
      receive: /* @__PURE__ */ receiveList("members"),
    },
  );

/** Shares an image with a project. */
export const ADD_MEMBER: Defined<MemberAndTagOperations, "members.create"> =
  /* @__PURE__ */ defineOperation(
    'add a member to image "{image_id}"',
    "POST",
    MEMBERS,
    "2.1",
    {
      mediaType: JSON_TYPE,
      idempotent: false,
      success: [200],
      send: (_, member) => jsonBody({ member: textIn("the member", member) }),
      receive: /* @__PURE__ */ receiveRecord(undefined, ["member_id"]),
    },
  );

/** Accepts or rejects a shared image, as the member. */
export const UPDATE_MEMBER: Defined<MemberAndTagOperations, "members.update"> =
  /* @__PURE__ */ defineOperation(
    'update member "{member_id}" of image "{image_id}"',
    "PUT",
    MEMBER,
    "2.1",
    {
      mediaType: JSON_TYPE,
      success: [200],
      send: (_, __, status) => jsonBody({ status: textIn("the status", status) }),
      receive: /* @__PURE__ */ receiveRecord(undefined, ["member_id"]),
    },
  );

/** Stops sharing an image with a project. */
export const REMOVE_MEMBER: Defined<MemberAndTagOperations, "members.delete"> =
  /* @__PURE__ */ defineOperation(
    'delete member "{member_id}" of image "{image_id}"',
    "DELETE",
    MEMBER,
    "2.1",
    DELETED,
  );

/** The operations of members and tags. */
export const MEMBER_AND_TAG_OPERATIONS: OperationDefinitions<MemberAndTagOperations> =
  /* @__PURE__ */ tableOf<
    MemberAndTagOperations
  >(
    () => ({
      "members.list": LIST_MEMBERS,
      "members.get": defineOperation(
        'show member "{member_id}" of image "{image_id}"',
        "GET",
        MEMBER,
        "2.1",
        {
          success: [200],
          receive: receiveRecord(undefined, ["member_id"]),
        },
      ),
      "members.create": ADD_MEMBER,
      "members.update": UPDATE_MEMBER,
      "members.delete": REMOVE_MEMBER,
      "tags.update": defineOperation('tag image "{image_id}" with "{tag}"', "PUT", TAG, "2.0", {
        ...NO_CONTENT,
      }),
      "tags.delete": defineOperation(
        'delete tag "{tag}" of image "{image_id}"',
        "DELETE",
        TAG,
        "2.0",
        {
          ...DELETED,
        },
      ),
    }),
  );
