/**
 * `image-list`: lists images.
 *
 * @module
 */
import { Session } from "../../api/session.ts";
import { listImages } from "../../images/list.ts";
import type { FilterValue, ListParameters, SortDir } from "../../api/query.ts";
import { UsageError } from "../system/errors.ts";
import { type Command, command, type Flags, type Values } from "../args/command.ts";
import { keyAndValue } from "./shared/image_fields.ts";
import { type Column, printList } from "../output/records.ts";

const FLAGS = {
  "limit": {
    kind: "number",
    value: "<LIMIT>",
    min: 0,
    summary: "Maximum number of images (default: all)",
  },
  "page-size": {
    kind: "number",
    value: "<SIZE>",
    min: 1,
    summary: "Images per request (default: set by Glance)",
  },
  "visibility": {
    kind: "text",
    value: "<VISIBILITY>",
    summary: "Only images with this visibility: public, community, shared, private, all",
  },
  "member-status": {
    kind: "text",
    value: "<MEMBER_STATUS>",
    summary: "Only shared images with this member status: pending, accepted, rejected, all",
  },
  "owner": { kind: "text", value: "<OWNER>", summary: "Only images that this project owns" },
  "property-filter": {
    kind: "list",
    value: "<KEY=VALUE>",
    summary: "Only images with this property; may be repeated",
  },
  "checksum": { kind: "text", value: "<CHECKSUM>", summary: "Only images with this MD5 checksum" },
  "hash": { kind: "text", value: "<HASH_VALUE>", summary: "Only images with this os_hash_value" },
  "tag": { kind: "list", value: "<TAG>", summary: "Only images with this tag; may be repeated" },
  "sort-key": {
    kind: "list",
    value: "<KEY>",
    summary: "Property to sort by; may be repeated (default: name)",
  },
  "sort-dir": {
    kind: "list",
    value: "<DIRECTION>",
    choices: ["asc", "desc"],
    summary: "Direction of a --sort-key: asc or desc; may be repeated",
  },
  "sort": {
    kind: "text",
    value: "<KEY[:DIRECTION],…>",
    summary: "Sort keys and directions in one value (default direction: desc)",
  },
  "hidden": {
    kind: "truth",
    aliases: ["os-hidden"],
    summary: "Only hidden images; False: only images that are not hidden",
  },
  "include-stores": { kind: "truth", summary: "Also show the stores that hold each image" },
} as const satisfies Flags;

/** The command `image-list`. */
export const IMAGE_LIST: Command = command({
  name: "image-list",
  summary: "List the images that you can see",
  flags: FLAGS,
  async run(invocation) {
    const parameters = listParameters(invocation.values);
    const { service, context } = await invocation.connect();
    const images = await Array.fromAsync(
      listImages(new Session(service.client, context, invocation.system), parameters),
    );
    await printList(
      invocation,
      images,
      columnsFor(invocation.verbose, invocation.values["include-stores"] === true),
    );
  },
});

/**
 * The list parameters. The default order is by name, as in glanceclient.
 *
 * @throws {UsageError} if a filter or a sort order is malformed.
 */
function listParameters(values: Values<typeof FLAGS>): ListParameters {
  const { limit, "page-size": pageSize, tag } = values;
  const filters: Record<string, FilterValue> = {
    visibility: values["visibility"],
    member_status: values["member-status"],
    owner: values["owner"],
    checksum: values["checksum"],
    os_hash_value: values["hash"],
    os_hidden: values["hidden"],
    tag: tag.length > 0 ? tag : undefined,
    ...Object.fromEntries(
      values["property-filter"].map((text) => keyAndValue("--property-filter", text)),
    ),
  };
  return {
    filters,
    limit,
    pageSize,
    ...orderFrom(values),
  };
}

function orderFrom(values: Values<typeof FLAGS>): Pick<ListParameters, "sortKey" | "sortDir"> {
  const { sort, "sort-key": sortKey } = values;
  // The parser has checked `choices`.
  const sortDir = values["sort-dir"] as readonly SortDir[];
  if (sort === undefined) {
    return sortKey.length + sortDir.length === 0
      ? { sortKey: "name", sortDir: "asc" }
      : { sortKey, sortDir };
  }
  if (sortKey.length + sortDir.length > 0) {
    throw new UsageError(
      "Cannot use --sort together with --sort-key or --sort-dir: both set the order; leave one of them out",
    );
  }
  const pairs = sort.split(",").map((pair) => pair.split(":"));
  return { sortKey: pairs.map(([key = ""]) => key), sortDir: pairs.map(([, dir]) => dirOf(dir)) };
}

function dirOf(dir: string | undefined): SortDir {
  if (dir === undefined) return "desc";
  if (dir === "asc" || dir === "desc") return dir;
  throw new UsageError(`Cannot sort in the direction "${dir}": it must be "asc" or "desc"`);
}

/** glanceclient's columns and headings. */
function columnsFor(isVerbose: boolean, hasStores: boolean): Column[] {
  const more: Column[] = [
    ["Disk_format", (image) => image["disk_format"]],
    ["Container_format", (image) => image["container_format"]],
    ["Size", (image) => image["size"]],
    ["Status", (image) => image["status"]],
    ["Owner", (image) => image["owner"]],
  ];
  return [
    ["ID", (image) => image["id"]],
    ["Name", (image) => image["name"]],
    ...isVerbose ? more : [],
    ...hasStores ? [["Stores", (image) => image["stores"]] as Column] : [],
  ];
}
