/**
 * The catalogue of metadata definitions, as Glance writes it: which properties a cloud knows for
 * images, volumes and flavors, and what they mean. Types only.
 *
 * @module
 */
import type { JsonValue } from "./types.ts";

/** When Glance made a definition, and changed it last: `YYYY-MM-DDTHH:MM:SSZ`. */
export interface MetadefDates {
  /** When it was made. */
  readonly created_at?: string;
  /** When it was changed last. */
  readonly updated_at?: string;
}

/** The types of a property's value. */
export type MetadefType = "array" | "boolean" | "integer" | "number" | "object" | "string";

/** What a property may hold, as a JSON schema with a title. */
export interface MetadefPropertySchema {
  /** Type of the value. */
  readonly type: MetadefType;
  /** Its name for people. */
  readonly title: string;
  /** What it means, for people. */
  readonly description?: string;
  /** Comparisons that make sense for it, for example `<or>`. */
  readonly operators?: readonly string[];
  /** The value that is meant where none is set. */
  readonly default?: JsonValue;
  /** Whether people may not set it. */
  readonly readonly?: boolean;
  /** Least number. */
  readonly minimum?: number;
  /** Greatest number. */
  readonly maximum?: number;
  /** Least number of characters. */
  readonly minLength?: number;
  /** Greatest number of characters. */
  readonly maxLength?: number;
  /** A regular expression for the whole value. */
  readonly pattern?: string;
  /** The values that there are. */
  readonly enum?: readonly JsonValue[];
  /** What the entries of an array are. */
  readonly items?: { readonly type: MetadefType; readonly enum?: readonly JsonValue[] };
  /** Least number of entries. */
  readonly minItems?: number;
  /** Greatest number of entries. */
  readonly maxItems?: number;
  /** Whether no entry may stand twice. */
  readonly uniqueItems?: boolean;
  /** Whether there may be entries that `items` does not speak of. */
  readonly additionalItems?: boolean;
}

/** A property of a namespace, with its name. */
export interface MetadefProperty extends MetadefPropertySchema {
  /** Its name, at most 80 characters; without the prefix of a resource type. */
  readonly name: string;
}

/** Properties by their names. */
export type MetadefProperties = Readonly<Record<string, MetadefPropertySchema>>;

/** What an object holds. */
export interface MetadefObjectBody {
  /** What it means, for people. */
  readonly description?: string;
  /** Names of properties that must be set. */
  readonly required?: readonly string[];
  /** Its properties. */
  readonly properties?: MetadefProperties;
}

/** A new object. */
export interface NewMetadefObject extends MetadefObjectBody {
  /** At most 80 characters. */
  readonly name: string;
}

/** Properties that belong together. */
export interface MetadefObject extends NewMetadefObject, MetadefDates {
  /** Path of the object in the API. */
  readonly self?: string;
  /** Path of its schema in the API. */
  readonly schema?: string;
}

/** A word that can be attached to resources. Lists give its name alone. */
export interface MetadefTag extends MetadefDates {
  /** The word, at most 80 characters. */
  readonly name: string;
}

/** A kind of resource: `OS::Glance::Image`, `OS::Nova::Flavor` … */
export interface MetadefResourceType extends MetadefDates {
  /** Its name, at most 80 characters. */
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
  /** Its name for people, at most 80 characters. */
  readonly display_name?: string;
  /** What it is for, at most 500 characters. */
  readonly description?: string;
  /**
   * Whether everybody sees it, or its owner alone.
   * @default {"private"}
   */
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
  /** The resources that its properties are for. */
  readonly resource_type_associations?: readonly NewMetadefAssociation[];
  /** Its properties. */
  readonly properties?: MetadefProperties;
  /** Its objects. */
  readonly objects?: readonly NewMetadefObject[];
  /** Its tags. */
  readonly tags?: readonly { readonly name: string }[];
}

/** A namespace. Lists show its associations only; one that is asked for by name, all of it. */
export interface MetadefNamespace extends MetadefNamespaceMeta, MetadefDates {
  /** Its name, for example `OS::Compute::CPUPinning`. */
  readonly namespace: string;
  /** The resources that its properties are for. */
  readonly resource_type_associations?: readonly MetadefAssociation[];
  /** Its properties. */
  readonly properties?: MetadefProperties;
  /** Its objects. */
  readonly objects?: readonly MetadefObject[];
  /** Its tags. */
  readonly tags?: readonly MetadefTag[];
  /** Path of the namespace in the API. */
  readonly self?: string;
  /** Path of its schema in the API. */
  readonly schema?: string;
}

/** A page of a list of namespaces. `next` is present where there may be more. */
export interface MetadefNamespacePage {
  /** The namespaces of the page. */
  readonly namespaces: readonly MetadefNamespace[];
  /** Path of the next page. */
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
