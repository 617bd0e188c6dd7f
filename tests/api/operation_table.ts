/**
 * Generates `lib/api/README.md`, the table of operations. `deno task docs:operations` writes it.
 *
 * @module
 */
import { CACHE_OPERATIONS } from "../../lib/api/operations/cache.ts";
import { CLOUD_OPERATIONS } from "../../lib/api/operations/cloud.ts";
import { DATA_OPERATIONS } from "../../lib/api/operations/data.ts";
import { DEFINITION_OPERATIONS } from "../../lib/api/operations/metadef_definitions.ts";
import { IMAGE_OPERATIONS } from "../../lib/api/operations/images.ts";
import { NAMESPACE_OPERATIONS } from "../../lib/api/operations/metadef_namespaces.ts";
import { MEMBER_AND_TAG_OPERATIONS } from "../../lib/api/operations/members_and_tags.ts";
import { type OperationName, OPERATIONS } from "../../lib/api/mod.ts";

type Topic = Readonly<Partial<Record<OperationName, unknown>>>;

/** The file that holds the table. */
export const README = new URL("../../lib/api/README.md", import.meta.url);

/** The operations by topic, in the order of the file. */
export const SECTIONS: readonly (readonly [title: string, operations: Topic])[] = [
  ["Images", IMAGE_OPERATIONS],
  ["Image data", DATA_OPERATIONS],
  ["Members and tags", MEMBER_AND_TAG_OPERATIONS],
  ["Cloud", CLOUD_OPERATIONS],
  ["Image cache", CACHE_OPERATIONS],
  ["Metadata definitions: namespaces and resource types", NAMESPACE_OPERATIONS],
  ["Metadata definitions: objects, properties, and tags", DEFINITION_OPERATIONS],
];

const INTRODUCTION = `# Operations of the Image API

\`client.call(context, name, ...args)\` makes one request of the Image API v2. The name sets the types
of the arguments and of the result. An argument that cannot be sent throws \`Invalid\` before any
request is made. \`OPERATIONS\` is the same table as data, with the meaning of each error status and a
hint.

\`\`\`ts
import { connect } from "@glance-edge/glance";
import { OPERATIONS } from "@glance-edge/glance/api";
import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
import { assert } from "@std/assert";

const glance = createEmbeddedGlance();
const { service, context } = await connect({ // leave all of this out to use your cloud
  apiServers: ["glance.example"],
  environment: {},
  fetch: (input, init) => glance.fetch(new Request(input, init)),
});
const { images } = await service.client.call(context, "list", [["limit", "10"]]);
assert(images.length === 0);
assert(OPERATIONS["upload"].errors[409] === "not queued");
\`\`\`

- **since**: the first minor version of the Image API with the operation, and what the cloud must
  have enabled for it.
- **retry**: whether the request is sent again if its outcome is unknown (idempotent); \`create\` only
  with an id.
- **success**, **errors**: the HTTP statuses that Glance returns.

[openapi.json](openapi/openapi.json) is an OpenAPI 3.1 document of all operations, with schemas of
their bodies; in the npm package, it is \`@glance-edge/glance/openapi.json\`. A gateway serves it at
\`/openapi.json\`. The contract tests compare it with each exchange of the embedded Glance.

This file is generated: change the files in \`operations/\`, then run \`deno task docs:operations\`.
`;

/** The text of the file. */
export function operationsReadme(): string {
  const sections = SECTIONS.map(([title, operations]) =>
    `## ${title}\n\n${tableOf(rowsOf(operations))}\n`
  );
  return [INTRODUCTION, ...sections].join("\n");
}

function rowsOf(topic: Topic): string[][] {
  const head = ["operation", "request", "since", "retry", "success", "errors"];
  const rows = (Object.keys(topic) as OperationName[]).map((name) => {
    const operation = OPERATIONS[name];
    return [
      `\`${name}\``,
      `\`${operation.verb} ${operation.path}\``,
      operation.feature === undefined
        ? operation.since
        : `${operation.since}, ${operation.feature}`,
      operation.idempotent ? "yes" : "no",
      operation.success.join(", ") || "never",
      Object.keys(operation.errors).join(", "),
    ];
  });
  return [head, ...rows];
}

/** A Markdown table, padded as `deno fmt` pads it. */
function tableOf([head = [], ...rows]: readonly string[][]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0)));
  const rule = widths.map((width) => "-".repeat(width));
  return [head, rule, ...rows]
    .map((row) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`)
    .join("\n");
}

if (import.meta.main) await Deno.writeTextFile(README, operationsReadme());
