/**
 * The table of the Image API. `Operations` declares the types, and `DEFINITIONS` the requests and responses.
 * `GlanceClientWrapper.call`, the routes of the gateway, and the documentation use this table.
 */
import { CACHE_OPERATIONS, type CacheOperations } from "./operations/cache.ts";
import { tableOf } from "./operations/define.ts";
import { CLOUD_OPERATIONS, type CloudOperations } from "./operations/cloud.ts";
import { DATA_OPERATIONS, type DataOperations } from "./operations/data.ts";
import {
  DEFINITION_OPERATIONS,
  type DefinitionOperations,
} from "./operations/metadef_definitions.ts";
import { IMAGE_OPERATIONS, type ImageOperations } from "./operations/images.ts";
import { NAMESPACE_OPERATIONS, type NamespaceOperations } from "./operations/metadef_namespaces.ts";
import { Invalid } from "../errors.ts";
import { inspect } from "../validate.ts";
import type { Operation } from "./operation.ts";
import {
  MEMBER_AND_TAG_OPERATIONS,
  type MemberAndTagOperations,
} from "./operations/members_and_tags.ts";

export type * from "./wire.ts";
export type { OperationDescription } from "./operation.ts";
export type {
  CacheOperations,
  CloudOperations,
  DataOperations,
  DefinitionOperations,
  ImageOperations,
  MemberAndTagOperations,
  NamespaceOperations,
};

/** Names, arguments, and results of all operations. */
export interface Operations
  extends
    ImageOperations,
    DataOperations,
    MemberAndTagOperations,
    CloudOperations,
    CacheOperations,
    NamespaceOperations,
    DefinitionOperations {}

/** The name of an operation. */
export type OperationName = keyof Operations;

/** The arguments of an operation. */
export type OperationArgs<M extends OperationName> = Parameters<Operations[M]>;

/** The result of an operation. */
export type OperationResult<M extends OperationName> = ReturnType<Operations[M]>;

/** All operations by name. */
export const DEFINITIONS: {
  readonly [M in OperationName]: Operation<OperationArgs<M>, OperationResult<M>>;
} = /* @__PURE__ */ tableOf<Operations>(() => ({
  ...IMAGE_OPERATIONS,
  ...DATA_OPERATIONS,
  ...MEMBER_AND_TAG_OPERATIONS,
  ...CLOUD_OPERATIONS,
  ...CACHE_OPERATIONS,
  ...NAMESPACE_OPERATIONS,
  ...DEFINITION_OPERATIONS,
}));

/**
 * The operation with a name.
 *
 * @throws {Invalid} if no operation has the name.
 */
export function operationNamed<M extends OperationName>(
  method: M,
): Operation<OperationArgs<M>, OperationResult<M>> {
  if (Object.hasOwn(DEFINITIONS, method)) return DEFINITIONS[method];
  throw new Invalid(
    `Cannot call ${
      inspect(method)
    }: there is no such operation; give the name of one, for example "get" or "members.list"`,
  );
}
