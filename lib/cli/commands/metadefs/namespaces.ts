/**
 * Commands for namespaces of metadata definitions: `md-namespace-…`.
 *
 * @module
 */
import type {
  MetadefNamespaceMeta,
  NewMetadefNamespace,
} from "../../../api/operations/metadef_types.ts";
import { CommandFailed, UsageError } from "../../system/errors.ts";
import { definedMembers } from "../../../validate.ts";
import { ask } from "../shared/find_image.ts";
import { type Command, command, type Flags, type Values } from "../../args/command.ts";
import { objectIn } from "../../args/json_flag.ts";
import { deletion } from "./deletion.ts";
import {
  checkReadOnly,
  DATE_FLAGS,
  NAMESPACE,
  readOnlyFlag,
  shownDefinition,
  withoutReadOnly,
} from "./fields.ts";
import {
  type OutputCall,
  printList,
  printRecord,
  type RecordOptions,
  WIDTH_FLAGS,
  widthFrom,
  type WireRecord,
} from "../../output/records.ts";
import { allPages, queryOf } from "../shared/pages.ts";
import { FILE_FLAGS, readText } from "../../files/upload_source.ts";

/** Namespaces per request, as in glanceclient. */
const PAGE_SIZE = 20;

const META_FLAGS = {
  "display-name": {
    kind: "text",
    value: "<DISPLAY_NAME>",
    summary: "Display name of the namespace",
  },
  "description": { kind: "text", value: "<DESCRIPTION>", summary: "Description of the namespace" },
  "visibility": { kind: "text", value: "<VISIBILITY>", summary: "Visibility: public, private" },
  "protected": { kind: "truth", summary: "Whether the namespace is protected from deletion" },
  "owner": { kind: "text", value: "<OWNER>", summary: "Project that owns the namespace" },
  "self": readOnlyFlag("<SELF>"),
  ...DATE_FLAGS,
} as const satisfies Flags;

const NAMESPACE_LIST = command({
  name: "md-namespace-list",
  summary: "List the namespaces of metadata definitions",
  flags: {
    "resource-types": {
      kind: "list",
      value: "<RESOURCE_TYPE>",
      summary: "Only namespaces for this resource type; may be repeated",
    },
    "visibility": {
      kind: "text",
      value: "<VISIBILITY>",
      summary: "Only namespaces with this visibility: public, private",
    },
    "page-size": {
      kind: "number",
      value: "<SIZE>",
      min: 1,
      summary: "Namespaces per request (default: 20)",
    },
  },
  async run(invocation) {
    const { "resource-types": types, visibility, "page-size": size = PAGE_SIZE } =
      invocation.values;
    const connection = await invocation.connect();
    const namespaces = await allPages(async (marker) => {
      const page = await ask(
        invocation,
        connection,
        "metadefs.namespaces.list",
        queryOf({
          limit: String(size),
          resource_types: types.join(",") || undefined,
          visibility,
          marker: marker ?? undefined,
        }),
      );
      return page.namespaces;
    }, ({ namespace }) => namespace);
    await printList(invocation, namespaces.map((one) => ({ ...one })), [
      ["namespace", (one) => one["namespace"]],
    ]);
  },
});

const NAMESPACE_SHOW = command({
  name: "md-namespace-show",
  summary: "Show a namespace and the names of its parts",
  positionals: [NAMESPACE],
  flags: {
    "resource-type": {
      kind: "text",
      value: "<RESOURCE_TYPE>",
      summary: "Show properties with their prefix for this resource type",
    },
    ...WIDTH_FLAGS,
  },
  async run(invocation) {
    const [name = ""] = invocation.positionals;
    const { "resource-type": resourceType } = invocation.values;
    const connection = await invocation.connect();
    const namespace = await ask(invocation, connection, "metadefs.namespaces.get", name, {
      resourceType,
    });
    await printNamespace(invocation, { ...namespace }, widthFrom(invocation.values));
  },
});

const NAMESPACE_CREATE = command({
  name: "md-namespace-create",
  summary: "Create a namespace of metadata definitions",
  positionals: [NAMESPACE],
  flags: {
    ...META_FLAGS,
    "schema": readOnlyFlag("<SCHEMA>"),
    "resource-type-associations": {
      kind: "list",
      value: "<RESOURCE_TYPE>",
      many: true,
      summary: "Resource types that the namespace applies to; may be repeated",
    },
  },
  async run(invocation) {
    checkReadOnly(invocation.values);
    const [namespace = ""] = invocation.positionals;
    const types = invocation.values["resource-type-associations"];
    const created = await ask(
      invocation,
      await invocation.connect(),
      "metadefs.namespaces.create",
      {
        namespace,
        ...metaFrom(invocation.values),
        ...types.length > 0 && { resource_type_associations: types.map((name) => ({ name })) },
      },
    );
    await printNamespace(invocation, { ...created });
  },
});

const NAMESPACE_IMPORT = command({
  name: "md-namespace-import",
  summary: "Create a namespace and its parts from JSON",
  details:
    'The JSON is the output of "md-namespace-show --json", of any cloud, or one of the files that come with Glance.',
  flags: FILE_FLAGS,
  async run(invocation) {
    const { name, text } = await readText(
      invocation.system,
      invocation.values["file"],
      "import a namespace",
    );
    const document = objectIn(text);
    if (document === null) {
      throw new CommandFailed(`Cannot import "${name}": it is not a JSON object; correct it`);
    }
    if (typeof document["namespace"] !== "string") {
      throw new CommandFailed(`Cannot import "${name}": it has no "namespace"; add its name`);
    }
    // Glance checks the other fields.
    const namespace = withoutReadOnlyParts(document) as unknown as NewMetadefNamespace;
    const connection = await invocation.connect();
    const created = await ask(invocation, connection, "metadefs.namespaces.create", namespace);
    await printNamespace(invocation, { ...created });
  },
});

const NAMESPACE_UPDATE = command({
  name: "md-namespace-update",
  summary: "Update a namespace",
  details: "Fields without a flag keep their values.",
  positionals: [NAMESPACE],
  flags: {
    "namespace": { kind: "text", value: "<NAMESPACE>", summary: "New name of the namespace" },
    ...META_FLAGS,
  },
  async run(invocation) {
    checkReadOnly(invocation.values);
    const { namespace: newName } = invocation.values;
    const change = definedMembers<NewMetadefNamespace>({
      ...metaFrom(invocation.values),
      namespace: newName,
    });
    if (Object.keys(change).length === 0) {
      throw new UsageError(
        'Cannot update a namespace: no change is given; see "glance help md-namespace-update"',
      );
    }
    const [name = ""] = invocation.positionals;
    const connection = await invocation.connect();
    const current = await ask(invocation, connection, "metadefs.namespaces.get", name);
    const { display_name, description, visibility, protected: isProtected, owner } = current;
    const fields = { display_name, description, visibility, protected: isProtected, owner };
    const known = Object.entries(fields).filter(([, value]) => value !== undefined);
    const update = { ...Object.fromEntries(known), ...change };
    await ask(invocation, connection, "metadefs.namespaces.update", name, update);
    const after = await ask(invocation, connection, "metadefs.namespaces.get", newName ?? name);
    await printNamespace(invocation, { ...after });
  },
});

const NAMESPACE_DELETE = deletion(
  "md-namespace-delete",
  "Delete a namespace and its parts",
  "metadefs.namespaces.delete",
);

/** The commands of this file. */
export const NAMESPACE_COMMANDS: readonly Command[] = [
  NAMESPACE_LIST,
  NAMESPACE_SHOW,
  NAMESPACE_CREATE,
  NAMESPACE_IMPORT,
  NAMESPACE_UPDATE,
  NAMESPACE_DELETE,
];

/** The fields that flags set. */
function metaFrom(values: Values<typeof META_FLAGS>): MetadefNamespaceMeta {
  const fields = {
    display_name: values["display-name"],
    description: values["description"],
    visibility: values["visibility"],
    protected: values["protected"],
    owner: values["owner"],
  };
  // Glance checks the visibility.
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as MetadefNamespaceMeta;
}

/** Removes the read-only fields of a namespace and its parts. */
function withoutReadOnlyParts(document: WireRecord): WireRecord {
  return Object.fromEntries(
    Object.entries(withoutReadOnly(document)).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.map((part) => withoutReadOnly(Object(part))) : value,
    ]),
  );
}

async function printNamespace(
  invocation: OutputCall,
  namespace: WireRecord,
  options: RecordOptions = {},
): Promise<void> {
  await printRecord(invocation, invocation.json ? namespace : shownDefinition(namespace), options);
}
