/** Hints for error statuses by operation. Imported on demand: most requests succeed. Pure. */

import { OTHER_HINTS, UNKNOWN_SIZE } from "./other_hints.ts";

type Hints = Readonly<Record<number, string>>;

const UPLOADED = "data can be uploaded only once; create a new image";
const DONE = { 409: "there is nothing left to do" };

const IMAGE = "/v2/images/{image_id}";

/** Hints that differ from the usual ones, by verb and path. */
export const HINTS: Readonly<Record<string, Hints>> = {
  "POST /v2/images": {
    403: "leave out what only Glance or an administrator sets",
    409: "choose another id, or omit it",
  },
  [`PATCH ${IMAGE}`]: {
    403: "leave out what only Glance sets, or ask the owner of the image or an administrator",
    409: "show the image again, and compute the patch from the new state",
  },
  [`DELETE ${IMAGE}`]: { 409: "delete what uses it before" },
  [`PUT ${IMAGE}/file`]: {
    409: UPLOADED,
    410: UPLOADED,
    411: UNKNOWN_SIZE,
    415: "correct the disk format of the image, or its data",
  },
  [`POST ${IMAGE}/members`]: DONE,
  [`PUT ${IMAGE}/members/{member_id}`]: {
    400: 'use the status "accepted", "rejected" or "pending"',
    403:
      "only the member itself can accept or reject the offer: sign in to its project, or ask an administrator",
  },
  ...OTHER_HINTS,
};

/** The parts of an operation on which its hints depend. */
export interface HintedOperation {
  readonly verb: string;
  readonly path: string;
  readonly parameters: readonly string[];
  readonly success: readonly number[];
  readonly feature?: string;
}

/** The hints of an operation by error status. */
export function hintsOf(operation: HintedOperation): Hints {
  return { ...usualHints(operation), ...HINTS[`${operation.verb} ${operation.path}`] };
}

/** Hints for a 404, which can mean a missing or hidden resource, or a missing feature of the cloud. */
function usualHints({ parameters, success, feature }: HintedOperation): Hints {
  const names = parameters.map((name) => `the ${name.replaceAll("_", " ")}`).join(" and ");
  if (success.length === 0) return {};
  if (feature !== undefined) {
    return { 404: `check ${names === "" ? "" : `${names}, and `}that the cloud offers ${feature}` };
  }
  if (names === "") return {};
  const lost = parameters.length === 1 ? "it" : "one of them";
  return { 404: `check ${names}: ${lost} does not exist, or you cannot see it` };
}
