/**
 * The metadata definitions catalog of Glance: the properties of images, volumes, and flavors that a cloud
 * documents. Types only.
 */
import type { JsonValue } from "../types.ts";

/** The times of a definition, as `YYYY-MM-DDTHH:MM:SSZ`. */
export interface MetadefDates {
  /** Time of creation. */
  readonly created_at?: string;
  /** Time of the last change. */
  readonly updated_at?: string;
}

/** The type of the value of a property. */
export type MetadefType = "array" | "boolean" | "integer" | "number" | "object" | "string";

/** The JSON schema of a property, with a title. */
export interface MetadefPropertySchema {
  /** Type of the value. */
  readonly type: MetadefType;
  /** Display name. */
  readonly title: string;
  /** Description. */
  readonly description?: string;
  /** Operators of scheduler filters that apply to it, for example `<or>`. */
  readonly operators?: readonly string[];
  /** Default value. */
  readonly default?: JsonValue;
  /** Whether users cannot set it. */
  readonly readonly?: boolean;
  /** Minimum value. */
  readonly minimum?: number;
  /** Maximum value. */
  readonly maximum?: number;
  /** Minimum number of characters. */
  readonly minLength?: number;
  /** Maximum number of characters. */
  readonly maxLength?: number;
  /** Regular expression for the whole value. */
  readonly pattern?: string;
  /** The allowed values. */
  readonly enum?: readonly JsonValue[];
  /** Schema of the items of an array. */
  readonly items?: { readonly type: MetadefType; readonly enum?: readonly JsonValue[] };
  /** Minimum number of items. */
  readonly minItems?: number;
  /** Maximum number of items. */
  readonly maxItems?: number;
  /** Whether items must be unique. */
  readonly uniqueItems?: boolean;
  /** Whether items that `items` does not describe are allowed. */
  readonly additionalItems?: boolean;
}

/** A property of a namespace, with its name. */
export interface MetadefProperty extends MetadefPropertySchema {
  /** Its name, at most 80 characters, without the prefix of a resource type. */
  readonly name: string;
}

/** Properties by name. */
export type MetadefProperties = Readonly<Record<string, MetadefPropertySchema>>;

/** The content of an object. */
export interface MetadefObjectBody {
  /** Description. */
  readonly description?: string;
  /** Names of required properties. */
  readonly required?: readonly string[];
  /** Its properties. */
  readonly properties?: MetadefProperties;
}

/** A new object. */
export interface NewMetadefObject extends MetadefObjectBody {
  /** Its name, at most 80 characters. */
  readonly name: string;
}

/** A group of properties. */
export interface MetadefObject extends NewMetadefObject, MetadefDates {
  /** Path of the object in the API. */
  readonly self?: string;
  /** Path of its schema in the API. */
  readonly schema?: string;
}

/** A tag for resources. Lists contain only its name. */
export interface MetadefTag extends MetadefDates {
  /** Its name, at most 80 characters. */
  readonly name: string;
}

/** A resource type, for example `OS::Glance::Image` or `OS::Nova::Flavor`. */
export interface MetadefResourceType extends MetadefDates {
  /** Its name, at most 80 characters. */
  readonly name: string;
}

/** A new association of a namespace with a resource type. */
export interface NewMetadefAssociation {
  /** Name of the resource type. */
  readonly name: string;
  /** Prefix of the namespace's properties on these resources, for example `hw_`. */
  readonly prefix?: string | undefined;
  /** The set of properties, if the resource has several: `image` of a volume. */
  readonly properties_target?: string | undefined;
}

/** An association of a namespace with a resource type. */
export interface MetadefAssociation extends NewMetadefAssociation, MetadefDates {}

/** The attributes of a namespace. An update replaces all of them: omitted ones get their defaults. */
export interface MetadefNamespaceMeta {
  /** Display name, at most 80 characters. */
  readonly display_name?: string | undefined;
  /** Description, at most 500 characters. */
  readonly description?: string | undefined;
  /**
   * Whether all projects see it, or only its owner.
   * Default: `"private"`.
   */
  readonly visibility?: "public" | "private" | undefined;
  /**
   * A protected namespace cannot be deleted.
   * Default: `false`.
   */
  readonly protected?: boolean | undefined;
  /** Id of the project that owns it (default: the caller's). */
  readonly owner?: string | undefined;
}

/** A new namespace, optionally with its definitions. */
export interface NewMetadefNamespace extends MetadefNamespaceMeta {
  /** Its name, for example `OS::Compute::CPUPinning`; at most 80 characters. */
  readonly namespace: string;
  /** The resource types that its properties apply to. */
  readonly resource_type_associations?: readonly NewMetadefAssociation[] | undefined;
  /** Its properties. */
  readonly properties?: MetadefProperties;
  /** Its objects. */
  readonly objects?: readonly NewMetadefObject[];
  /** Its tags. */
  readonly tags?: readonly { readonly name: string }[];
}

/** A namespace. Lists contain only its attributes and associations. */
export interface MetadefNamespace extends MetadefNamespaceMeta, MetadefDates {
  /** Its name, for example `OS::Compute::CPUPinning`. */
  readonly namespace: string;
  /** The resource types that its properties apply to. */
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

/** A page of a list of namespaces. `next` is present if there may be more. */
export interface MetadefNamespacePage {
  /** The namespaces of the page. */
  readonly namespaces: readonly MetadefNamespace[];
  /** Path of the next page. */
  readonly next?: string;
}

/** The resource type whose prefix applies to property names. */
export interface MetadefView {
  /**
   * Name of the resource type whose prefix the property names have, in the result and in the argument
   * (default: no prefix).
   */
  readonly resourceType?: string | undefined;
}

/** Options of setting the tags of a namespace. */
export interface NewTagsOptions {
  /**
   * Whether to keep the existing tags. If false, the new tags replace them.
   * Default: `false`.
   */
  readonly append?: boolean | undefined;
}
