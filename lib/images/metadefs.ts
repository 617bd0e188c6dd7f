/**
 * The catalogue of metadata definitions, as Glance writes it: which properties a cloud knows for
 * images, volumes and flavors, and what they mean. Types only.
 *
 * @module
 */
import type { JsonValue } from "./types.ts";

/** When Glance made a definition, and changed it last: `YYYY-MM-DDTHH:MM:SSZ`. */
export interface MetadefDates {
  readonly created_at?: string;
  readonly updated_at?: string;
}

/** The types of a property's value. */
export type MetadefType = "array" | "boolean" | "integer" | "number" | "object" | "string";

/** What a property may hold, as a JSON schema with a title. */
export interface MetadefPropertySchema {
  readonly type: MetadefType;
  /** Its name for people. */
  readonly title: string;
  readonly description?: string;
  /** Comparisons that make sense for it, for example `<or>`. */
  readonly operators?: readonly string[];
  readonly default?: JsonValue;
  readonly readonly?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  /** A regular expression for the whole value. */
  readonly pattern?: string;
  readonly enum?: readonly JsonValue[];
  readonly items?: { readonly type: MetadefType; readonly enum?: readonly JsonValue[] };
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly additionalItems?: boolean;
}

/** A property of a namespace, with its name. */
export interface MetadefProperty extends MetadefPropertySchema {
  readonly name: string;
}

/** Properties by their names. */
export type MetadefProperties = Readonly<Record<string, MetadefPropertySchema>>;

/** What an object holds. */
export interface MetadefObjectBody {
  readonly description?: string;
  /** Names of properties that must be set. */
  readonly required?: readonly string[];
  readonly properties?: MetadefProperties;
}

/** A new object. */
export interface NewMetadefObject extends MetadefObjectBody {
  /** At most 80 characters. */
  readonly name: string;
}

/** Properties that belong together. */
export interface MetadefObject extends NewMetadefObject, MetadefDates {
  readonly self?: string;
  readonly schema?: string;
}

/** A word that can be attached to resources. Lists give its name alone. */
export interface MetadefTag extends MetadefDates {
  readonly name: string;
}

/** A kind of resource: `OS::Glance::Image`, `OS::Nova::Flavor` … */
export interface MetadefResourceType extends MetadefDates {
  readonly name: string;
}

/** A new association. */
export interface NewMetadefAssociation {
  /** The resource type. */
  readonly name: string;
  /** What stands before the names of a namespace's properties on these resources, for example `hw_`. */
  readonly prefix?: string;
  /** Which properties of the resource are meant, where it has several sets: `image` of a volume. */
  readonly properties_target?: string;
}

/** That the properties of a namespace apply to a kind of resource. */
export interface MetadefAssociation extends NewMetadefAssociation, MetadefDates {}

/** The words about a namespace, which an update sets as a whole: what is left out gets its default. */
export interface MetadefNamespaceMeta {
  readonly display_name?: string;
  readonly description?: string;
  /** @default {"private"} */
  readonly visibility?: "public" | "private";
  /**
   * A protected namespace cannot be deleted.
   * @default {false}
   */
  readonly protected?: boolean;
  /** Project; the caller's without it. */
  readonly owner?: string;
}

/** A new namespace, which may bring all of its definitions. */
export interface NewMetadefNamespace extends MetadefNamespaceMeta {
  /** Its name, for example `OS::Compute::CPUPinning`; at most 80 characters. */
  readonly namespace: string;
  readonly resource_type_associations?: readonly NewMetadefAssociation[];
  readonly properties?: MetadefProperties;
  readonly objects?: readonly NewMetadefObject[];
  readonly tags?: readonly { readonly name: string }[];
}

/** A namespace. Lists show its associations only; one that is asked for by name, all of it. */
export interface MetadefNamespace extends MetadefNamespaceMeta, MetadefDates {
  readonly namespace: string;
  readonly resource_type_associations?: readonly MetadefAssociation[];
  readonly properties?: MetadefProperties;
  readonly objects?: readonly MetadefObject[];
  readonly tags?: readonly MetadefTag[];
  readonly self?: string;
  readonly schema?: string;
}

/** A page of a list of namespaces. `next` is present where there may be more. */
export interface MetadefNamespacePage {
  readonly namespaces: readonly MetadefNamespace[];
  readonly next?: string;
}

/** For which resources a definition is asked for. */
export interface MetadefView {
  /**
   * Resource type whose prefix stands before the names of properties, in the answer and, of a property,
   * in the question; no prefix without it.
   */
  readonly resourceType?: string;
}

/** What becomes of the tags that a namespace has when new ones come. */
export interface NewTagsOptions {
  /**
   * Whether they stay; otherwise the new ones take their place.
   * @default {false}
   */
  readonly append?: boolean;
}
