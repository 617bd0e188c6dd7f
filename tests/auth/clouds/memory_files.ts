/** `readCloud` with variables and files in memory. */
import { parseDocument } from "yaml";
import {
  type CloudConfig,
  readCloud,
  type ReadCloudOptions,
} from "../../../lib/auth/clouds/mod.ts";

export const URL = "https://keystone:5000/v3";
export const BY_PASSWORD = {
  OS_AUTH_URL: URL,
  OS_USERNAME: "alice",
  OS_PASSWORD: "canary-password",
};
export const AUTH = `auth: {auth_url: '${URL}', username: alice, password: canary-password}`;
export const HOME = "/home/alice/.config/openstack";

export type Files = Readonly<Record<string, string | Error>>;
export type Variables = Readonly<Record<string, string>>;

/** Reads a cloud from variables and files in memory. */
export function read(
  environment: Variables,
  files: Files = {},
  more: ReadCloudOptions = {},
): Promise<CloudConfig | null> {
  return readCloud({
    environment,
    readTextFile: (path) => {
      const text = files[path] ?? null;
      return text instanceof Error ? Promise.reject(text) : Promise.resolve(text);
    },
    parseYaml: parseDocument,
    homeDirectory: "/home/alice",
    workingDirectory: "/here",
    ...more,
  });
}

/** A file with one cloud, named `one`. */
export function one(settings: string): Files {
  const indented = settings.split("\n").map((line) => `    ${line}`).join("\n");
  return { "/here/clouds.yaml": `clouds:\n  one:\n${indented}\n` };
}
