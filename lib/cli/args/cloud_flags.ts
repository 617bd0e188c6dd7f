/** Flags that choose the cloud and the credentials. Each overrides an environment variable. */
import type { Flags, TextFlag, Values } from "./command.ts";
import { toggle } from "./flags.ts";
import { TIME_FLAGS } from "./time_flags.ts";

/**
 * Defines flags that override the environment variables with their names: `--os-auth-url` overrides
 * `OS_AUTH_URL`. A list is a summary and other names of the flag.
 */
function overriding<Name extends string>(
  summaries: Readonly<Record<Name, string | readonly string[]>>,
): Readonly<Record<Name, TextFlag>> {
  const flags = Object.entries<string | readonly string[]>(summaries).map(([name, words]) => {
    const [summary = "", ...aliases] = [words].flat();
    const overrides = name.replaceAll("-", "_").toUpperCase();
    return [name, { kind: "text", value: placeholderFor(overrides), overrides, summary, aliases }];
  });
  return Object.fromEntries(flags);
}

/** `<URL>` for `OS_AUTH_URL`: the last word of the name of the variable. */
function placeholderFor(variable: string): string {
  const word = variable.slice(variable.lastIndexOf("_") + 1);
  return ["CACERT", "CERT", "KEY"].includes(word) ? "<PEM_FILE>" : `<${word}>`;
}

/** Flags for the credentials and the scope. */
export const SIGN_IN_FLAGS = overriding({
  "os-auth-url": "URL of Keystone",
  "os-username": ["Name of the user", "os-user-name"],
  "os-user-id": "Id of the user",
  "os-password": "Password; visible to other users of this machine",
  "os-user-domain-id": "Id of the user's domain",
  "os-user-domain-name": "Name of the user's domain",
  "os-project-id": ["Id of the project", "os-tenant-id"],
  "os-project-name": ["Name of the project", "os-tenant-name"],
  "os-project-domain-id": "Id of the project's domain",
  "os-project-domain-name": "Name of the project's domain",
  "os-domain-id": "Id of the domain, for a domain-scoped token",
  "os-domain-name": "Name of the domain, for a domain-scoped token",
  "os-default-domain-id": "Id of the domain of user and project",
  "os-default-domain-name": "Name of the domain of user and project",
  "os-system-scope": '"all" for a system-scoped token',
  "os-trust-id": "Not supported: use an application credential",
  "os-auth-type": ["Authentication type, for example password", "os-auth-plugin"],
  "os-auth-token": ["Existing token", "os-token"],
  "os-application-credential-id": "Id of the application credential",
  "os-application-credential-name": "Name of the application credential",
  "os-application-credential-secret":
    "Secret of the application credential; visible to other users of this machine",
});

const ENDPOINT_FLAGS = overriding({
  "os-region-name": "Name of the region",
  "os-image-url": "URL of Glance, instead of the one in the catalog",
  "os-endpoint-type": [
    "Interface in the catalog: public, internal or admin (default: public)",
    "os-interface",
  ],
  "os-service-type": "Service type in the catalog (default: image)",
  "os-cacert": "PEM file with CA certificates",
  "os-cert": "PEM file with the client certificate",
  "os-key": "PEM file with the key of the client certificate",
});

/** Flags for the cloud, its endpoints, TLS, and time limits. */
export const CLOUD_FLAGS = {
  ...overriding({ "os-cloud": "Name of the cloud in clouds.yaml" }),
  ...SIGN_IN_FLAGS,
  ...ENDPOINT_FLAGS,
  // glanceclient's variable has another name than its flag.
  "os-service-type": { ...ENDPOINT_FLAGS["os-service-type"], overrides: "OS_IMAGE_SERVICE_TYPE" },
  ...TIME_FLAGS,
  "insecure": toggle("Not supported: certificates are always verified"),
} as const satisfies Flags;

/** The values of `CLOUD_FLAGS`. */
export type CloudValues = Values<typeof CLOUD_FLAGS>;
