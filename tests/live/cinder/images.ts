/** The images of the steps, by placeholder. */

/** Images with a different id for each service; `<imported>` exists before the run. */
export const OWN_IMAGES = [
  "<one>",
  "<two>",
  "<slow>",
  "<place>",
  "<gone>",
  "<big>",
  "<empty>",
  "<filled>",
  "<over>",
  "<imported>",
] as const;

/** Images that both services read and neither changes. */
export const SHARED_IMAGES = [
  "<common>",
  "<colon>",
  "<public>",
  "<queued>",
  "<community>",
  "<deactivated>",
  "<damaged>",
] as const;

/** An id that no image has. */
export const UNKNOWN = "<unknown>";

/** Formats that every image with data needs. */
export const FORMATS = { disk_format: "raw", container_format: "bare" };

/** Keeps the properties that an update does not name. */
export const KEEP = { purge_props: false };
