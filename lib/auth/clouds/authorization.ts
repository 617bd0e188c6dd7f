/**
 * Creates credentials from the settings of a cloud. The names, locations, and precedence of the settings are those of
 * openstacksdk and keystoneauth. Pure.
 */
import type { InvalidConfigurationValue } from "../../errors.ts";
import type { Cloud } from "./cloud.ts";
import type { AuthMethod, Credentials } from "../credentials.ts";
import { definedMembers } from "../../validate.ts";

/** How requests are authorized: by Keystone, by a fixed token, or not at all. */
export type Authorization =
  | { readonly kind: "keystone"; readonly credentials: Credentials }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "none" };

/** The supported values of `auth_type`. */
const METHOD_OF_TYPE: ReadonlyMap<string, AuthMethod | "fixed" | "none"> = new Map([
  ["password", "password"],
  ["v3password", "password"],
  ["token", "token"],
  ["v3token", "token"],
  ["v3applicationcredential", "applicationCredential"],
  ["admin_token", "fixed"],
  ["token_endpoint", "fixed"],
  ["none", "none"],
  ["noauth", "none"],
]);

/** The setting of each field of the credentials, followed by its older names. */
const NAMES = {
  authUrl: ["auth_url"],
  userId: ["user_id"],
  username: ["username", "user_name"],
  password: ["password"],
  userDomainId: ["user_domain_id"],
  userDomainName: ["user_domain_name"],
  token: ["token", "auth_token"],
  applicationCredentialId: ["application_credential_id"],
  applicationCredentialName: ["application_credential_name"],
  applicationCredentialSecret: ["application_credential_secret"],
  projectId: ["project_id", "tenant_id"],
  projectName: ["project_name", "tenant_name"],
  projectDomainId: ["project_domain_id"],
  projectDomainName: ["project_domain_name"],
  domainId: ["domain_id"],
  domainName: ["domain_name"],
  systemScope: ["system_scope"],
  defaultDomainId: ["default_domain_id", "default_domain"],
  defaultDomainName: ["default_domain_name"],
} as const;

/** A field of {@linkcode Credentials} that is a string. */
type Field = keyof typeof NAMES;

/**
 * Decides how the requests to a cloud are authorized.
 *
 * @param hasServers Whether the API servers are configured, so that no catalog is needed.
 * @throws {InvalidConfigurationValue} if `auth_type` is not supported, or its settings are missing.
 */
export function authorizationOf(cloud: Cloud, hasServers: boolean): Authorization {
  if (fieldFrom(cloud, ["trust_id"]) !== null) {
    throw cloud.unusable("auth.trust_id", "is not supported; use an application credential");
  }
  const fields = fieldsOf(cloud);
  const method = methodFrom(cloud, fields, hasServers);
  if (method === "none") return { kind: "none" };
  if (method === "fixed") {
    if (fields.token === undefined) throw cloud.unusable("auth.token", "is missing; set it");
    return { kind: "token", token: fields.token };
  }
  const { authUrl, systemScope, ...others } = fields;
  if (authUrl === undefined) throw withoutAuthUrl(cloud);
  const credentials: Credentials = {
    authUrl: cloud.expand(authUrl),
    ...others,
    // The configuration shows only what is set.
    ...method !== null && { method },
    ...systemScopeOf(cloud, systemScope),
  };
  return { kind: "keystone", credentials };
}

function withoutAuthUrl(cloud: Cloud): InvalidConfigurationValue {
  return cloud.unusable(
    "auth.auth_url",
    `is missing; set it to Keystone's URL, such as "https://keystone:5000/v3"${otherWays(cloud)}`,
  );
}

/** Hints for `OS_*` variables that were set by accident, and for a profile that only the SDK includes. */
function otherWays(cloud: Cloud): string {
  if (cloud.path === null) {
    const names = Object.keys(cloud.settings).map((key) => `OS_${key.toUpperCase()}`);
    return `, or choose a cloud of clouds.yaml with OS_CLOUD, or unset ${names.join(", ")}`;
  }
  const profile = cloud.text("profile");
  return profile === null ? "" : `, or put the profile "${profile}" into clouds-public.yaml`;
}

/** The configured method; null if the given secrets decide. */
function methodFrom(
  cloud: Cloud,
  fields: Partial<Record<Field, string>>,
  hasServers: boolean,
): AuthMethod | "fixed" | "none" | null {
  const type = cloud.firstText("auth_type", "auth_plugin");
  if (type === null && cloud.value("auth_type") === null) return "none";
  if (type === null) {
    if (fields.authUrl !== undefined || !hasServers) return null;
    return fields.token === undefined ? "none" : "fixed";
  }
  const method = METHOD_OF_TYPE.get(type.toLowerCase());
  if (method !== undefined) return method;
  const names = [...METHOD_OF_TYPE.keys()].join('", "');
  throw cloud.unusable("auth_type", `is "${type}"; supported are "${names}"`);
}

function fieldsOf(cloud: Cloud): Partial<Record<Field, string>> {
  const entries = Object.entries(NAMES).flatMap(([field, names]) => {
    const text = fieldFrom(cloud, names);
    return text === null ? [] : [[field, text]];
  });
  return withOneDomain(Object.fromEntries(entries));
}

/** For each name, the setting in `auth` goes before the one next to `auth`; newer names go first. */
function fieldFrom(cloud: Cloud, names: readonly string[]): string | null {
  return cloud.firstText(...names.flatMap((name) => [`auth.${name}`, name]));
}

/** With a project, the domain is not the scope but the domain of both user and project. */
function withOneDomain(fields: Partial<Record<Field, string>>): Partial<Record<Field, string>> {
  const { domainId, domainName, ...others } = fields;
  if (fields.projectId === undefined && fields.projectName === undefined) return fields;
  const domain = {
    userDomainId: domainId,
    projectDomainId: domainId,
    userDomainName: domainName,
    projectDomainName: domainName,
  };
  return { ...definedMembers<typeof domain>(domain), ...others };
}

function systemScopeOf(cloud: Cloud, scope: string | undefined): { systemScope?: "all" } {
  if (scope === undefined) return {};
  if (scope === "all") return { systemScope: scope };
  throw cloud.unusable("auth.system_scope", 'must be "all"; correct or remove it');
}
