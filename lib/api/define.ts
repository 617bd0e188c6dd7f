/**
 * How the rows of the operation table are written: one line, and what is not as usual.
 *
 * @module
 */
import { type Operation, parametersOf } from "./operation.ts";
import { receiveNothing } from "./decode.ts";

/** Media types of bodies. */
export const JSON_TYPE = "application/json";
/** The one in which Glance takes changes: JSON patch of add, remove and replace only. */
export const PATCH_TYPE = "application/openstack-images-v2.1-json-patch";
/** Image data. */
export const DATA_TYPE = "application/octet-stream";

/** Rows of a part of the table, typed by what the part states. */
export type OperationDefinitions<Part> = {
  readonly [M in keyof Part]: Part[M] extends (...args: infer Args) => infer Result
    ? Operation<Args, Result>
    : never;
};

/** What a row has beyond its line. */
type OperationParts<Args extends readonly unknown[], Result> =
  & Pick<Operation<Args, Result>, "success" | "receive">
  & Partial<
    Pick<
      Operation<Args, Result>,
      "mediaType" | "feature" | "idempotent" | "alreadyDoneStatus" | "errors" | "hints" | "send"
    >
  >;

/** A row; what says nothing else may be repeated. */
export function defineOperation<Args extends readonly unknown[], Result>(
  action: string,
  verb: Operation<Args, Result>["verb"],
  path: string,
  since: string,
  rest: OperationParts<Args, Result>,
): Operation<Args, Result> {
  const parameters = parametersOf(path);
  const errors = { ...usualErrors(path), ...rest.errors };
  const usual = 404 in errors ? usualHints(parameters, rest.feature) : {};
  const hints = { ...usual, ...rest.hints };
  return { action, verb, path, parameters, since, idempotent: true, ...rest, errors, hints };
}

/** What helps where an operation is for administrators only. */
export const ASK_ADMINISTRATOR = "ask an administrator of the cloud";

/** What a row is that is answered with 204 and nothing else. */
export const NO_CONTENT = { success: [204], receive: receiveNothing } as const;

/** The same for what is gone then: a repeat finds nothing. */
export const DELETED = { ...NO_CONTENT, alreadyDoneStatus: 404 } as const;

/** Whoever asks must be known and allowed, and what the path names must be there. */
function usualErrors(path: string): Readonly<Record<number, string>> {
  if (!path.startsWith("/v2/")) return {};
  const refused = { 401: "the token is missing, unknown or has ended", 403: "not allowed" };
  const [, thing] = /\{(image|namespace)(?:_id)?\}/.exec(path) ?? [];
  return thing === undefined
    ? refused
    : { ...refused, 404: `no such ${thing}, or not for the caller to see` };
}

/** What is not found may be misspelt, gone or hidden, or nothing of its kind is offered. */
function usualHints(
  parameters: readonly string[],
  feature: string | undefined,
): Readonly<Record<number, string>> {
  const names = parameters.map((name) => `the ${name.replaceAll("_", " ")}`).join(" and ");
  if (feature !== undefined) {
    return { 404: `check ${names === "" ? "" : `${names}, and `}that the cloud offers ${feature}` };
  }
  if (names === "") return {};
  const lost = parameters.length === 1 ? "it" : "one of them";
  return { 404: `check ${names}: ${lost} is not there, or not yours to see` };
}
