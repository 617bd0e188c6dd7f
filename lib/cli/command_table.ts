/**
 * The table of all commands: their names, summaries, and files. A command line loads only its own command, since a short
 * command spends most of its time on loading modules.
 */
// On Deno, creates the HTTP client now: if a command in a test created it, the test would report a leak.
import "../platform.ts";
import type { Command, CommandDefinition, CommandEntry } from "./args/command.ts";
import { GLOBAL_FLAGS } from "./args/global_flags.ts";

/** All commands, in alphabetical order. */
export const COMMANDS: readonly CommandEntry[] = [
  ...commandsIn(() => import("./commands/image_list.ts"), {
    "image-list": "List the images that you can see",
  }),
  ...commandsIn(() => import("./commands/image_upload.ts"), {
    "image-create": "Create an image and upload its data, if any",
    "image-upload": "Upload the data of a queued image",
  }),
  ...commandsIn(() => import("./commands/staging.ts"), {
    "image-stage": "Stage data for the import of an image",
  }),
  ...commandsIn(() => import("./commands/image_import.ts"), {
    "image-import": "Import the data of an image",
  }),
  ...commandsIn(() => import("./commands/create_via_import.ts"), {
    "image-create-via-import": "Create an image and import its data",
  }),
  ...commandsIn(() => import("./commands/image_download.ts"), {
    "image-download": "Download the data of an image",
  }),
  ...commandsIn(() => import("./commands/image_export.ts"), {
    "image-export": "Download an image and its record to files",
    "image-restore": "Create an image from the files of image-export",
  }),
  ...commandsIn(() => import("./commands/image_copy.ts"), {
    "image-copy": "Copy an image to another cloud or region",
  }),
  ...commandsIn(() => import("./commands/inspection/image_inspect.ts"), {
    "image-inspect": "Show the format of an image from its bytes, and whether it is safe",
  }),
  ...commandsIn(() => import("./commands/inspection/image_audit.ts"), {
    "image-audit": "List the images that are unsafe or not of their disk format",
  }),
  ...commandsIn(() => import("./commands/image_records.ts"), {
    "image-show": "Show an image",
    "image-update": "Update an image",
    "image-delete": "Delete images",
    "image-tag-update": "Add a tag to an image",
    "image-tag-delete": "Remove a tag from an image",
    "image-deactivate": "Deactivate an image: only administrators can read its data",
    "image-reactivate": "Reactivate a deactivated image",
  }),
  ...commandsIn(() => import("./commands/members.ts"), {
    "member-list": "List the projects that an image is shared with",
    "member-get": "Show a project that an image is shared with",
    "member-create": "Share an image with a project",
    "member-update": "Accept or reject a shared image, as the project that it is shared with",
    "member-delete": "Stop sharing an image with a project",
  }),
  ...commandsIn(() => import("./commands/locations.ts"), {
    "add-location": "Add a location (URL) to a queued image with the location API of 2024.2",
    "location-add": "Add a location (URL) to an image",
    "location-update": "Update the metadata of a location of an image",
    "location-delete": "Remove locations from an image",
  }),
  ...commandsIn(() => import("./commands/tasks.ts"), {
    "image-tasks": "List the tasks of an image",
    "task-list": "List all tasks; administrators only",
    "task-show": "Show a task; administrators only",
    "task-create": "Start a task; administrators only",
  }),
  ...commandsIn(() => import("./commands/info.ts"), {
    "import-info": "Show the import methods of the cloud",
    "stores-info": "Show the stores of the cloud",
    "stores-delete": "Delete the data of an image from one store",
    "usage": "Show your quotas and their usage",
    "explain": "Describe the properties of a model",
  }),
  ...commandsIn(() => import("./commands/cache.ts"), {
    "cache-list": "List the cached and queued images of a server",
    "cache-queue": "Queue images for the cache of a server",
    "cache-delete": "Delete images from the cache and the queue of a server",
    "cache-clear": "Delete all images from the cache and the queue of a server",
    "cache-clean": "Delete invalid and stalled entries of the cache of a server",
    "cache-prune": "Delete cached images of a server until its size limit is kept",
    "cache-nodes-list": "List the servers that have an image in their cache",
  }),
  ...commandsIn(() => import("./commands/metadefs/namespaces.ts"), {
    "md-namespace-list": "List the namespaces of metadata definitions",
    "md-namespace-show": "Show a namespace and the names of its parts",
    "md-namespace-create": "Create a namespace of metadata definitions",
    "md-namespace-import": "Create a namespace and its parts from JSON",
    "md-namespace-update": "Update a namespace",
    "md-namespace-delete": "Delete a namespace and its parts",
  }),
  ...commandsIn(() => import("./commands/metadefs/resource_types.ts"), {
    "md-resource-type-list": "List the resource types",
    "md-namespace-resource-type-list": "List the resource types that a namespace applies to",
    "md-resource-type-associate": "Associate a namespace with a resource type",
    "md-resource-type-deassociate": "Remove the association of a namespace with a resource type",
  }),
  ...commandsIn(() => import("./commands/metadefs/objects.ts"), {
    "md-object-list": "List the objects of a namespace",
    "md-object-show": "Show an object of a namespace",
    "md-object-delete": "Delete an object of a namespace",
    "md-namespace-objects-delete": "Delete all objects of a namespace",
    "md-object-create": "Add an object to a namespace",
    "md-object-update": "Update an object of a namespace",
    "md-object-property-show": "Show a property of an object of a namespace",
  }),
  ...commandsIn(() => import("./commands/metadefs/properties.ts"), {
    "md-property-list": "List the properties of a namespace",
    "md-property-show": "Show a property of a namespace",
    "md-property-delete": "Delete a property of a namespace",
    "md-namespace-properties-delete": "Delete all properties of a namespace",
    "md-property-create": "Add a property to a namespace",
    "md-property-update": "Update a property of a namespace",
  }),
  ...commandsIn(() => import("./commands/metadefs/tags.ts"), {
    "md-tag-list": "List the tags of a namespace",
    "md-tag-show": "Show a tag of a namespace",
    "md-tag-delete": "Delete a tag of a namespace",
    "md-namespace-tags-delete": "Delete all tags of a namespace",
    "md-tag-create": "Add a tag to a namespace",
    "md-tag-create-multiple": "Replace the tags of a namespace, or add several",
    "md-tag-update": "Rename a tag of a namespace",
  }),
  ...commandsIn(() => import("./start.ts"), {
    "start": "Serve the Image API v2 as a gateway, or an embedded Glance to try things out",
  }),
  ...commandsIn(async () => {
    const { completionCommands } = await import("./args/completion.ts");
    return { COMMANDS: completionCommands(allCommands, GLOBAL_FLAGS) };
  }, {
    "bash-completion": "Print all commands and flags, for use in your own completion script",
    "completion": "Print a completion script for a shell",
  }),
].sort((a, b) => a.name < b.name ? -1 : 1);

/** Loads all commands, in alphabetical order. */
export async function allCommands(): Promise<readonly Command[]> {
  return await Promise.all(COMMANDS.map(({ load }) => load()));
}

/** The entries of the commands that a file defines, with their summaries. */
function commandsIn<Name extends string>(
  load: () => Promise<{ readonly COMMANDS: Readonly<Record<Name, CommandDefinition>> }>,
  summaries: Readonly<Record<Name, string>>,
): readonly CommandEntry[] {
  return (Object.keys(summaries) as Name[]).map((name) => {
    const summary = summaries[name];
    return {
      name,
      summary,
      load: async () => ({ name, summary, ...(await load()).COMMANDS[name] }),
    };
  });
}
