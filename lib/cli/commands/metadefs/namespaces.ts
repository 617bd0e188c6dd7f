/** Commands for namespaces of metadata definitions: `md-namespace-…`. */
import { list, number, text, truth } from "../../args/flags.ts";
import type {
  MetadefNamespaceMeta,
  NewMetadefNamespace,
} from "../../../api/operations/metadef_types.ts";
import { CommandFailed, UsageError } from "../../system/errors.ts";
import { definedMembers } from "../../../validate.ts";
import { command, type Flags, type Values } from "../../args/command.ts";
import { objectIn } from "../../args/json_flag.ts";
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
import { NO_TABLE } from "../shared/image_columns.ts";
import { allPages, queryOf } from "../shared/pages.ts";
import { FILE_FLAGS, readText } from "../../files/upload_input.ts";

/** Namespaces per request, as in glanceclient. */
const PAGE_SIZE = 20;

const META_FLAGS = {
  "display-name": text("<DISPLAY_NAME>", "Display name of the namespace"),
  "description": text("<DESCRIPTION>", "Description of the namespace"),
  "visibility": text("<VISIBILITY>", "Visibility: public, private", {
    choices: ["public", "private"],
  }),
  "protected": truth("Whether the namespace is protected from deletion"),
  "owner": text("<OWNER>", "Project that owns the namespace"),
  "self": readOnlyFlag("<SELF>"),
  ...DATE_FLAGS,
} as const satisfies Flags;

/** The members of a namespace that are printed. */
const NAMESPACE_OUTPUT = {
  columns: [
    "created_at",
    "description",
    "display_name",
    "namespace",
    "objects",
    "owner",
    "properties",
    "protected",
    "resource_type_associations",
    "schema",
    "tags",
    "updated_at",
    "visibility",
  ],
};

export const COMMANDS = {
  "md-namespace-list": command({
    flags: {
      "resource-types": list(
        "<RESOURCE_TYPE>",
        "Only namespaces for this resource type; may be repeated",
      ),
      "visibility": text("<VISIBILITY>", "Only namespaces with this visibility: public, private", {
        choices: ["public", "private"],
      }),
      "page-size": number("<SIZE>", "Namespaces per request (default: 20)"),
    },
    async run(invocation) {
      const { "resource-types": types, visibility, "page-size": size = PAGE_SIZE } =
        invocation.values;
      const namespaces = await allPages(async (marker) => {
        const query = queryOf({
          limit: String(size),
          resource_types: types.join(",") || undefined,
          visibility,
          marker: marker ?? undefined,
        });
        const { namespaces } = await invocation.call("metadefs.namespaces.list", query);
        // A policy of Glance can shorten any page, which then has no next link.
        return { entries: namespaces, isLast: false };
      }, ({ namespace }) => namespace);
      await printList(invocation, namespaces, [["namespace"]]);
    },
  }),
  "md-namespace-show": command({
    positionals: [NAMESPACE],
    flags: {
      "resource-type": text(
        "<RESOURCE_TYPE>",
        "Show properties with their prefix for this resource type",
      ),
      ...WIDTH_FLAGS,
    },
    async run(invocation, name) {
      const view = { resourceType: invocation.values["resource-type"] };
      const namespace = await invocation.call("metadefs.namespaces.get", name, view);
      await printNamespace(invocation, namespace, widthFrom(invocation.values));
    },
  }),
  "md-namespace-create": command({
    output: NAMESPACE_OUTPUT,
    positionals: [NAMESPACE],
    flags: {
      ...META_FLAGS,
      "schema": readOnlyFlag("<SCHEMA>"),
      "resource-type-associations": list(
        "<RESOURCE_TYPE>",
        "Resource types that the namespace applies to; may be repeated",
        { many: true },
      ),
    },
    async run(invocation, namespace) {
      checkReadOnly(invocation.values);
      const types = invocation.values["resource-type-associations"];
      const created = await invocation.call("metadefs.namespaces.create", {
        namespace,
        ...metaFrom(invocation.values),
        resource_type_associations: types.length > 0 ? types.map((name) => ({ name })) : undefined,
      });
      await printNamespace(invocation, created);
    },
  }),
  "md-namespace-import": command({
    output: NAMESPACE_OUTPUT,
    details:
      'The JSON is the output of "md-namespace-show --json", of any cloud, or one of the files that come with Glance.',
    flags: FILE_FLAGS,
    async run(invocation) {
      const { name, text } = await readText(invocation, "import a namespace");
      const document = objectIn(text);
      if (document === null) {
        throw new CommandFailed(`Cannot import "${name}": it is not a JSON object; correct it`);
      }
      if (typeof document["namespace"] !== "string") {
        throw new CommandFailed(`Cannot import "${name}": it has no "namespace"; add its name`);
      }
      // Glance checks the other fields.
      const namespace = withoutReadOnlyParts(document) as unknown as NewMetadefNamespace;
      await printNamespace(
        invocation,
        await invocation.call("metadefs.namespaces.create", namespace),
      );
    },
  }),
  "md-namespace-update": command({
    output: NAMESPACE_OUTPUT,
    details: "Fields without a flag keep their values.",
    positionals: [NAMESPACE],
    flags: { "namespace": text("<NAMESPACE>", "New name of the namespace"), ...META_FLAGS },
    async run(invocation, name) {
      checkReadOnly(invocation.values);
      const { namespace: newName } = invocation.values;
      const change = definedMembers<NewMetadefNamespace>({
        ...metaFrom(invocation.values),
        namespace: newName,
      });
      if (Object.keys(change).length === 0) {
        throw new UsageError(
          'Cannot update a namespace: no change is given; see "glance-edge help md-namespace-update"',
        );
      }
      const current = await invocation.call("metadefs.namespaces.get", name);
      const { display_name, description, visibility, protected: isProtected, owner } = current;
      const fields = { display_name, description, visibility, protected: isProtected, owner };
      const update = { ...definedMembers<MetadefNamespaceMeta>(fields), ...change };
      await invocation.call("metadefs.namespaces.update", name, update);
      const after = await invocation.call("metadefs.namespaces.get", newName ?? name);
      await printNamespace(invocation, after);
    },
  }),
  "md-namespace-delete": command({
    output: NO_TABLE,
    positionals: [NAMESPACE],
    async run(invocation, name) {
      await invocation.call("metadefs.namespaces.delete", name);
    },
  }),
};

/** The fields that flags set. */
function metaFrom(values: Values<typeof META_FLAGS>): MetadefNamespaceMeta {
  return definedMembers<MetadefNamespaceMeta>({
    display_name: values["display-name"],
    description: values["description"],
    // The parser has checked `choices`.
    visibility: values["visibility"] as MetadefNamespaceMeta["visibility"],
    protected: values["protected"],
    owner: values["owner"],
  });
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
  namespace: object,
  options: RecordOptions = {},
): Promise<void> {
  await printRecord(invocation, invocation.json ? namespace : shownDefinition(namespace), options);
}
