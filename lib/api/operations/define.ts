/** `defineOperation`: defines an operation by its first line and its differences from the defaults. */
import { type Operation, parametersOf } from "../operation.ts";
import { receiveNothing } from "../decode.ts";

/** Media type of JSON bodies. */
export const JSON_TYPE = "application/json";
/** Media type of Glance's JSON patch, which has only add, remove, and replace. */
export const PATCH_TYPE = "application/openstack-images-v2.1-json-patch";
/** Media type of image data. */
export const DATA_TYPE = "application/octet-stream";

/** The operations of a part of the table, typed by the interface of the part. */
export type OperationDefinitions<Part> = {
  readonly [M in keyof Part]: Part[M] extends (...args: infer Args) => infer Result
    ? Operation<Args, Result>
    : never;
};

/** One operation of a part of the table. */
export type Defined<Part, M extends keyof Part> = OperationDefinitions<Part>[M];

/**
 * The operations of a part of the table. Bundlers keep an unused object with calls and spreads, but omit one that is
 * created by a call that is marked as pure.
 */
export function tableOf<Part>(build: () => OperationDefinitions<Part>): OperationDefinitions<Part> {
  return build();
}

/** The parts of an operation after its first line. */
export type OperationParts<Args extends readonly unknown[], Result> =
  & Pick<Operation<Args, Result>, "success" | "receive">
  & Partial<
    Pick<
      Operation<Args, Result>,
      | "mediaType"
      | "feature"
      | "idempotent"
      | "isIdempotentWith"
      | "alreadyDoneStatus"
      | "send"
    >
  >;

/** Defines an operation, which is idempotent by default. */
export function defineOperation<Args extends readonly unknown[], Result>(
  action: string,
  verb: Operation<Args, Result>["verb"],
  path: string,
  since: string,
  rest: OperationParts<Args, Result>,
): Operation<Args, Result> {
  return { action, verb, path, parameters: parametersOf(path), since, idempotent: true, ...rest };
}

/** For an operation that responds with 204 without a body. */
export const NO_CONTENT = { success: [204], receive: receiveNothing } as const;

/** For a deletion: a retry after a lost response gets 404. */
export const DELETED = {
  success: [204],
  receive: receiveNothing,
  alreadyDoneStatus: 404,
} as const;
