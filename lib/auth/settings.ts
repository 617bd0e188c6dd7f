/**
 * Settings as YAML, JSON and the environment have them: nested mappings of unknown values, and how
 * one is laid over another, as openstacksdk does. Pure.
 *
 * @module
 */

/** A mapping of unknown values. */
export type Settings = Readonly<Record<string, unknown>>;

/** Whether a value is a mapping. */
export function isMapping(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The same settings with `_` for `-` in all keys: people write both. */
export function withUnderscores(settings: Settings): Settings {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      key.replaceAll("-", "_"),
      isMapping(value) ? withUnderscores(value) : value,
    ]),
  );
}

/** `over` laid over `under`, mapping by mapping: how `secure.yaml` completes `clouds.yaml`. */
export function mergeDeep(under: Settings, over: Settings): Settings {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const old = merged[key];
    merged[key] = isMapping(old) && isMapping(value) ? mergeDeep(old, value) : value;
  }
  return merged;
}

/** `over` laid over `under`, where only the mapping `auth` is merged: a cloud over its profile. */
export function mergeCloud(under: Settings, over: Settings): Settings {
  const { auth: underAuth } = under;
  const { auth: overAuth } = over;
  if (!isMapping(underAuth) || !isMapping(overAuth)) return { ...under, ...over };
  return { ...under, ...over, auth: { ...underAuth, ...overAuth } };
}
