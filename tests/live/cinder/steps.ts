/**
 * The calls to both services, with Cinder's names. The default user is Alice. Lists come before
 * calls that create an image with only one of the services.
 */
import { CREATE, CREATE_MORE, DELETE, ONE_SIDED, UPDATE } from "./changing_steps.ts";
import { FORMATS } from "./images.ts";
import { DETAIL, DOWNLOAD, LOCATIONS, READ } from "./reading_steps.ts";
import type { Step } from "./services.ts";

/** With both servers running. */
export const STEPS: readonly Step[] = [
  ...CREATE,
  ...UPDATE,
  ...READ,
  ...DETAIL,
  ...LOCATIONS,
  ...DOWNLOAD,
  ...CREATE_MORE,
  ...ONE_SIDED,
  ...DELETE,
].map((step) => ({ as: "alice", ...step }));

const BOTH = ["<a>", "<b>"];

/** With server `<b>` down. Each call shuffles its servers. */
export const STEPS_WITH_ONE_DOWN: readonly Step[] = [
  ...[1, 2, 3, 4].map((n): Step => ({
    name: `show with one of two down (${n})`,
    method: "show",
    servers: BOTH,
    args: ["<common>"],
  })),
  ...[1, 2].map((n): Step => ({
    name: `download with one of two down (${n})`,
    method: "download",
    servers: BOTH,
    args: ["<public>"],
  })),
  { name: "show with all down", method: "show", servers: ["<b>"], args: ["<common>"] },
  { name: "detail with all down", method: "detail", servers: ["<b>"] },
  { name: "download with all down", method: "download", servers: ["<b>"], args: ["<common>"] },
  {
    name: "create with all down",
    method: "create",
    servers: ["<b>"],
    args: [{ name: "down", ...FORMATS }],
  },
  {
    name: "update with all down",
    method: "update",
    servers: ["<b>"],
    args: ["<common>", { name: "down" }],
  },
  { name: "delete with all down", method: "delete", servers: ["<b>"], args: ["<common>"] },
].map((step) => ({ as: "alice", ...step } as Step));
