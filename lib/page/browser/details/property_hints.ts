/** What the metadata definitions of the cloud say about properties of images. */
import { GET_NAMESPACE, LIST_NAMESPACES } from "../../../api/operations/metadef_namespaces.ts";
import { isObject } from "../../../validate.ts";
import { visibleText } from "../../text.ts";
import { request, type User } from "../gateway.ts";

/** A property that is defined. */
export interface PropertyHint {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The values that are allowed; empty for all. */
  readonly values: readonly string[];
}

const IMAGES = "OS::Glance::Image";

/** Maximum number of namespaces whose definitions are requested. */
const MOST_NAMESPACES = "50";

/** The properties that are defined for images, with their prefixes. */
export async function propertyHints(
  user: User,
  signal: AbortSignal,
): Promise<readonly PropertyHint[]> {
  const query: [string, string][] = [["resource_types", IMAGES], ["limit", MOST_NAMESPACES]];
  const { namespaces } = await request(user, LIST_NAMESPACES, [query], signal);
  const definitions = await Promise.all(
    namespaces.map(({ namespace }) =>
      request(user, GET_NAMESPACE, [namespace, { resourceType: IMAGES }], signal)
    ),
  );
  return definitions.flatMap(({ properties }) =>
    Object.entries(isObject(properties) ? properties : {}).map(([name, property]) => {
      const { title, description, enum: values } = isObject(property) ? property : {};
      return {
        name,
        title: visibleText(String(title ?? "")),
        description: visibleText(String(description ?? "")),
        values: Array.isArray(values) ? values.map(String) : [],
      };
    })
  );
}
