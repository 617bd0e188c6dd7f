/** Operations of metadata definitions: namespaces, resource types, and their associations. */
import { jsonBody, namedIn, queryIn, recordIn, textIn } from "./arguments.ts";
import type {
  MetadefAssociation,
  MetadefNamespace,
  MetadefNamespaceMeta,
  MetadefNamespacePage,
  MetadefResourceType,
  MetadefView,
  NewMetadefAssociation,
  NewMetadefNamespace,
} from "./metadef_types.ts";
import type { RequestParts } from "../operation.ts";
import { receiveList, receivePage, receiveRecord } from "../decode.ts";
import {
  type Defined,
  defineOperation,
  DELETED,
  JSON_TYPE,
  NO_CONTENT,
  type OperationDefinitions,
  tableOf,
} from "./define.ts";
import type { Query } from "../wire.ts";

/** Operations on namespaces and resource types. */
export interface NamespaceOperations {
  /** Lists one page of namespaces. `GET /v2/metadefs/namespaces`, since 2.2. */
  "metadefs.namespaces.list"(query?: Query): MetadefNamespacePage;
  /** Creates a namespace, optionally with its definitions. `POST /v2/metadefs/namespaces`, since 2.2. */
  "metadefs.namespaces.create"(namespace: NewMetadefNamespace): MetadefNamespace;
  /** Shows a namespace with its definitions. `GET /v2/metadefs/namespaces/{namespace}`, since 2.2. */
  "metadefs.namespaces.get"(namespace: string, view?: MetadefView): MetadefNamespace;
  /**
   * Replaces the attributes of a namespace; a different `namespace` renames it.
   * `PUT /v2/metadefs/namespaces/{namespace}`, since 2.2.
   */
  "metadefs.namespaces.update"(
    namespace: string,
    meta: MetadefNamespaceMeta & { readonly namespace?: string },
  ): MetadefNamespace;
  /** Deletes a namespace and its definitions. `DELETE /v2/metadefs/namespaces/{namespace}`, since 2.2. */
  "metadefs.namespaces.delete"(namespace: string): void;
  /** Lists the resource types. `GET /v2/metadefs/resource_types`, since 2.2. */
  "metadefs.resourceTypes.list"(): readonly MetadefResourceType[];
  /** Lists the associations of a namespace. `GET /v2/metadefs/namespaces/{namespace}/resource_types`, since 2.2. */
  "metadefs.associations.list"(namespace: string): readonly MetadefAssociation[];
  /** Associates a namespace with a resource type. `POST /v2/metadefs/namespaces/{namespace}/resource_types`, since 2.2. */
  "metadefs.associations.create"(
    namespace: string,
    association: NewMetadefAssociation,
  ): MetadefAssociation;
  /**
   * Deletes an association.
   * `DELETE /v2/metadefs/namespaces/{namespace}/resource_types/{resource_type}`, since 2.2.
   */
  "metadefs.associations.delete"(namespace: string, resourceType: string): void;
}

const NAMESPACES = "/v2/metadefs/namespaces";
const NAMESPACE = "/v2/metadefs/namespaces/{namespace}";
const ASSOCIATIONS = "/v2/metadefs/namespaces/{namespace}/resource_types";
const ASSOCIATION = "/v2/metadefs/namespaces/{namespace}/resource_types/{resource_type}";

/** Lists one page of namespaces. */
export const LIST_NAMESPACES: Defined<NamespaceOperations, "metadefs.namespaces.list"> =
  /* @__PURE__ */ defineOperation(
    "list metadata namespaces",
    "GET",
    NAMESPACES,
    "2.2",
    {
      success: [200],
      send: (query = []) => ({ query: queryIn(query) }),
      receive: /* @__PURE__ */ receivePage<MetadefNamespacePage>("namespaces", "namespace"),
    },
  );

/** Shows a namespace with its definitions. */
export const GET_NAMESPACE: Defined<NamespaceOperations, "metadefs.namespaces.get"> =
  /* @__PURE__ */ defineOperation(
    'show metadata namespace "{namespace}"',
    "GET",
    NAMESPACE,
    "2.2",
    {
      success: [200],
      send: (_, view) => sendView(view),
      receive: /* @__PURE__ */ receiveRecord(undefined, ["namespace"]),
    },
  );

/** The operations of namespaces and resource types. */
export const NAMESPACE_OPERATIONS: OperationDefinitions<NamespaceOperations> =
  /* @__PURE__ */ tableOf<
    NamespaceOperations
  >(
    () => ({
      "metadefs.namespaces.list": LIST_NAMESPACES,
      "metadefs.namespaces.create": defineOperation(
        'create metadata namespace "{namespace}"',
        "POST",
        NAMESPACES,
        "2.2",
        {
          mediaType: JSON_TYPE,
          idempotent: false,
          success: [201],
          send: (namespace) => jsonBody(namedIn("the namespace", "namespace", namespace)),
          receive: receiveRecord(undefined, ["namespace"]),
        },
      ),
      "metadefs.namespaces.get": GET_NAMESPACE,
      "metadefs.namespaces.update": defineOperation(
        'update metadata namespace "{namespace}"',
        "PUT",
        NAMESPACE,
        "2.2",
        {
          mediaType: JSON_TYPE,
          success: [200],
          send: (namespace, meta) => {
            const body = { namespace, ...recordIn("the attributes", meta) };
            return jsonBody(namedIn("the namespace", "namespace", body));
          },
          receive: receiveRecord(undefined, ["namespace"]),
        },
      ),
      "metadefs.namespaces.delete": defineOperation(
        'delete metadata namespace "{namespace}"',
        "DELETE",
        NAMESPACE,
        "2.2",
        DELETED,
      ),
      "metadefs.resourceTypes.list": defineOperation(
        "list metadata resource types",
        "GET",
        "/v2/metadefs/resource_types",
        "2.2",
        { success: [200], receive: receiveList("resource_types") },
      ),
      "metadefs.associations.list": defineOperation(
        'list the resource types of metadata namespace "{namespace}"',
        "GET",
        ASSOCIATIONS,
        "2.2",
        { success: [200], receive: receiveList("resource_type_associations") },
      ),
      "metadefs.associations.create": defineOperation(
        'add resource type "{name}" to metadata namespace "{namespace}"',
        "POST",
        ASSOCIATIONS,
        "2.2",
        {
          mediaType: JSON_TYPE,
          idempotent: false,
          success: [201],
          send: (_, association) => jsonBody(namedIn("the association", "name", association)),
          receive: receiveRecord(undefined, ["name"]),
        },
      ),
      "metadefs.associations.delete": defineOperation(
        'delete resource type "{resource_type}" of metadata namespace "{namespace}"',
        "DELETE",
        ASSOCIATION,
        "2.2",
        {
          ...NO_CONTENT,
          alreadyDoneStatus: 404,
        },
      ),
    }),
  );

/** The query of a {@linkcode MetadefView}. */
export function sendView(view: unknown = {}): RequestParts {
  const { resourceType } = recordIn("the view", view);
  return resourceType === undefined
    ? {}
    : { query: [["resource_type", textIn("the resource type", resourceType)]] };
}
