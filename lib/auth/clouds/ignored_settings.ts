/**
 * The settings of openstacksdk that change the behavior of a client and are ignored here. Each one in a
 * configuration is reported, except settings of other services, and those of caches and statistics. Pure.
 */
import type { Cloud } from "./cloud.ts";
import { isMapping } from "./settings.ts";

/** An ignored setting. */
interface IgnoredSetting {
  readonly key: string;
  /** The reason why it is ignored, and a hint; `{cacert}` is replaced by the name of that setting. */
  readonly reason: string;
  /** Whether it is reported; by default, whether it has a value. */
  applies?(cloud: Cloud): boolean;
}

const CERTIFICATES =
  "certificates are always checked; set {cacert} to the CA of the cloud, and remove the setting";

/** Each setting for all services, and for the image service. */
function forImages(...keys: readonly string[]): string[] {
  return keys.flatMap((key) => [key, `image_${key}`]);
}

const IGNORED: readonly IgnoredSetting[] = /* @__PURE__ */ ignorable();

function ignorable(): readonly IgnoredSetting[] {
  return [
    {
      key: "verify",
      reason: CERTIFICATES,
      applies: (cloud) => cloud.flag("verify") === false,
    },
    {
      key: "insecure",
      reason: CERTIFICATES,
      applies: (cloud) => cloud.flag("insecure") === true,
    },
    {
      key: "image_api_version",
      reason: "only version 2 of the Image API is supported",
      applies: (cloud) => !isVersion(cloud, "image_api_version", 2),
    },
    {
      key: "identity_api_version",
      reason: "only version 3 of the Identity API is supported",
      applies: (cloud) => !isVersion(cloud, "identity_api_version", 3),
    },
    {
      key: "image_api_use_tasks",
      reason: "image data is uploaded, not imported by a task",
      applies: (cloud) => cloud.flag("image_api_use_tasks") === true,
    },
    {
      key: "has_image",
      reason: "the image service is used anyway",
      applies: (cloud) => cloud.flag("has_image") === false,
    },
    ...forImages("interface", "endpoint_type").map((key) => ({
      key,
      reason: "only the first interface of a list is used; name one",
      applies: (cloud: Cloud) => isLongList(cloud.value(key)),
    })),
    ...["force_ipv4", "prefer_ipv6"].map((key) => ({
      key,
      reason: "the runtime chooses between IPv4 and IPv6",
      applies: (cloud: Cloud) => cloud.flag(key) === (key === "force_ipv4"),
    })),
    {
      key: "disable_vendor_agent",
      reason: "new images get no properties by default; set the properties of each image",
      applies: (cloud) => isFilled(cloud.value("disable_vendor_agent")),
    },
    { key: "image_format", reason: "the disk format is set for each image" },
    ...["auth.passcode", "passcode"].map((key) => ({
      key,
      reason: "one-time passcodes are not supported; use an application credential",
    })),
    ...forImages("connect_retries", "status_code_retries").map((key) => ({
      key,
      reason: "a failed request is retried up to three times",
    })),
    ...forImages("rate_limit", "concurrency").map((key) => ({
      key,
      reason: "requests are not limited",
    })),
    ...forImages("default_microversion").map((key) => ({
      key,
      reason: "the Image API has no microversions",
    })),
    { key: "vendor_hook", reason: "vendor code is never run" },
  ];
}

/**
 * A message for each setting of a cloud that is ignored.
 *
 * @param missingProfile The cloud's profile, if no file has it.
 */
export function ignoredSettings(cloud: Cloud, missingProfile: string | null): string[] {
  const ignored = IGNORED.filter(({ key, applies }) =>
    applies === undefined ? isFilled(cloud.value(key)) : applies(cloud)
  );
  const sentences = ignored.map(({ key, reason }) => cloud.ignoring(key, reason));
  if (missingProfile === null) return sentences;
  const reason = "clouds-public.yaml does not have it; put its settings there";
  return [...sentences, cloud.ignoring("profile", reason)];
}

/** Whether a version setting is absent or of the given major version. */
function isVersion(cloud: Cloud, key: string, major: number): boolean {
  const text = cloud.text(key);
  return text === null || new RegExp(`^v?${major}(\\.\\d+)?$`).test(text);
}

function isLongList(value: unknown): boolean {
  if (typeof value === "string") return value.includes(",");
  return Array.isArray(value) && value.length > 1;
}

function isFilled(value: unknown): boolean {
  if (isMapping(value)) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== "";
}
