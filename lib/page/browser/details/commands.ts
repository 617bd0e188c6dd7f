/** Commands that download an image, ready to be copied. Pure. */

/** What the commands depend on. */
export interface CommandInput {
  readonly endpoint: string;
  readonly id: string;
  readonly name: string | null | undefined;
  readonly format: string | null | undefined;
  /** Whether the gateway needs a token. */
  readonly needsToken: boolean;
}

/** The commands by the name of their program. */
export function commandsFor(input: CommandInput): readonly (readonly [string, string])[] {
  const { endpoint, id, needsToken } = input;
  const file = fileNameFor(input);
  const [curl, glance, openstack] = needsToken
    ? [
      '-H "X-Auth-Token: $OS_TOKEN" ',
      '--os-auth-token "$OS_TOKEN"',
      '--os-auth-type admin_token --os-token "$OS_TOKEN"',
    ]
    : ["", "--os-auth-token none", "--os-auth-type none"];
  const token = needsToken ? "export OS_TOKEN=$(openstack token issue -f value -c id)\n" : "";
  return [
    ["curl", `${token}curl -f -C - ${curl}-o ${file} ${endpoint}/v2/images/${id}/file`],
    [
      "glance",
      `${token}glance ${glance} --os-image-url ${endpoint} image-download --file ${file} ${id}`,
    ],
    [
      "openstack",
      `${token}openstack ${openstack} --os-endpoint ${endpoint}/v2 image save --file ${file} ${id}`,
    ],
    [
      "Deno",
      `import { connect } from "./glance-edge/mod.ts";

const { service, context } = await connect({ apiServers: ["${endpoint}"] });
const file = await Deno.create("${file}");
await service.download(context, "${id}", file.writable);`,
    ],
  ];
}

/** A file name that is the same in every shell and on every system. */
export function fileNameFor(
  { id, name, format }: Pick<CommandInput, "id" | "name" | "format">,
): string {
  const stem = (name ?? "").replaceAll(/[^A-Za-z0-9._-]+/g, "-").replaceAll(/^[.-]+|-+$/g, "");
  const ending = /^[a-z0-9]{1,8}$/.test(format ?? "") ? `.${format}` : ".img";
  return (stem || id).slice(0, 100) + (stem.endsWith(ending) ? "" : ending);
}
