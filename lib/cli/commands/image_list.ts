/** `image-list`: lists images. */
import { list, number, text, truth } from "../args/flags.ts";
import { type GlanceImage, IMAGE_VISIBILITIES, MEMBER_STATUSES } from "../../api/types.ts";
import { listImages } from "../../images/list.ts";
import type { FilterValue, ListParameters, SortDir } from "../../api/query.ts";
import { UsageError } from "../system/errors.ts";
import { command, type Flags, type Values } from "../args/command.ts";
import { sessionOf } from "./shared/find_image.ts";
import { keyAndValue } from "./shared/image_fields.ts";
import { type Column, printList } from "../output/records.ts";

/** Flags that choose and sort images. */
export const FILTER_FLAGS = {
  "name": text("<NAME>", "Only images with this name"),
  "status": text("<STATUS>", "Only images with this status, such as active"),
  "id": list("<ID>", "Only images with this id; may be repeated"),
  "limit": number("<LIMIT>", "Maximum number of images (default: all)", 0),
  "page-size": number("<SIZE>", "Images per request (default: 200)"),
  "visibility": text(
    "<VISIBILITY>",
    "Only images with this visibility: public, community, shared, private, all",
    { choices: [...IMAGE_VISIBILITIES, "all"] },
  ),
  "member-status": text(
    "<MEMBER_STATUS>",
    "Only shared images with this member status: pending, accepted, rejected, all",
    { choices: [...MEMBER_STATUSES, "all"] },
  ),
  "owner": text("<OWNER>", "Only images that this project owns"),
  "property-filter": list("<KEY=VALUE>", "Only images with this property; may be repeated"),
  "checksum": text("<CHECKSUM>", "Only images with this MD5 checksum"),
  "hash": text("<HASH_VALUE>", "Only images with this os_hash_value"),
  "tag": list("<TAG>", "Only images with this tag; may be repeated"),
  "sort-key": list(
    "<KEY>",
    "Property to sort by; may be repeated (default: name, or created_at with --sort-dir)",
  ),
  "sort-dir": list(
    "<DIRECTION>",
    "Direction of a --sort-key: asc or desc; may be repeated (default: asc, or desc with --sort-key)",
    { choices: ["asc", "desc"] },
  ),
  "sort": text(
    "<KEY[:DIRECTION],…>",
    "Sort keys and directions in one value (default direction: desc)",
  ),
  "hidden": truth("Only hidden images; False: only images that are not hidden", {
    aliases: ["os-hidden"],
  }),
} as const satisfies Flags;

const FLAGS = {
  ...FILTER_FLAGS,
  "include-stores": truth("Also show the stores that hold each image"),
} as const satisfies Flags;

export const COMMANDS = {
  "image-list": command({
    flags: FLAGS,
    async run(invocation) {
      const parameters = listParameters(invocation.values);
      const session = await sessionOf(invocation);
      const images: GlanceImage[] = [];
      for await (const image of listImages(session, parameters)) images.push(image);
      await printList(
        invocation,
        images,
        columnsFor(
          invocation.verbose || invocation.output.columns.length > 0,
          invocation.values["include-stores"] === true,
        ),
      );
    },
  }),
};

/**
 * The list parameters. The default order is by name, as in glanceclient.
 *
 * @throws {UsageError} if a filter or a sort order is malformed.
 */
export function listParameters(values: Values<typeof FILTER_FLAGS>): ListParameters {
  const { limit, "page-size": pageSize, tag, id, name } = values;
  const filters: Record<string, FilterValue> = {
    // A list of one is taken literally, also if it begins with an operator.
    name: name === undefined ? undefined : [name],
    status: values["status"],
    id: id.length > 0 ? id : undefined,
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

function orderFrom(
  values: Values<typeof FILTER_FLAGS>,
): Pick<ListParameters, "sortKey" | "sortDir"> {
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
    ["Disk_format", "disk_format"],
    ["Container_format", "container_format"],
    ["Size", "size"],
    ["Status", "status"],
    ["Owner", "owner"],
  ];
  return [
    ["ID", "id"],
    ["Name", "name"],
    ...isVerbose ? more : [],
    ...hasStores ? [["Stores", "stores"] as Column] : [],
  ];
}
