/** `image-copy`, and an export with its restoration, between two real clouds, and what python-glanceclient then reads there. */
import { assert, assertEquals } from "@std/assert";
import { ourGlance } from "./glance_commands.ts";
import { PythonGlance } from "./python_glance.ts";

const DATA = crypto.getRandomValues(new Uint8Array(60_000));

/** `OS_*` variables of a user. */
type Environment = Readonly<Record<string, string>>;

/**
 * Copies an image from the project of one user to that of another.
 *
 * @param here who has an image
 * @param there who gets it
 */
export async function compareCopies(here: Environment, there: Environment): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const clouds = { clouds: { here: cloudOf(here), there: cloudOf(there) } };
    await Deno.writeTextFile(`${folder}/clouds.json`, JSON.stringify(clouds));
    const environment = { OS_CLIENT_CONFIG_FILE: `${folder}/clouds.json`, OS_CLOUD: "here" };
    const ours = ourGlance({ "disk.img": DATA });
    const run = async (line: string) => {
      const { code, stdout, stderr } = await ours(line, environment);
      assertEquals([code, stderr], [0, ""], line);
      return stdout;
    };
    const id = crypto.randomUUID();
    await run(
      `image-create --id ${id} --name copied --disk-format raw --container-format bare --file disk.img --tags gold --property os_type=linux`,
    );
    const copy = JSON.parse(
      await run(`image-copy ${id} --to-cloud there --name second --store slow --json`),
    );
    assert(copy.id !== id);
    assertEquals([copy.name, copy.stores, copy.tags, copy.os_type], [
      "second",
      "slow",
      ["gold"],
      "linux",
    ]);
    await using theirs = new PythonGlance();
    assertEquals((await theirs.run(`image-download ${copy.id}`, there)).bytes, DATA);
    // The owner of the original is not a member of the copy.
    assertEquals((await theirs.run(`image-show ${copy.id}`, here)).code, 1);
    await run(`image-export ${id} --file backup.img`);
    const restored = JSON.parse(
      await run(
        "--os-cloud there image-restore backup.img --name restored --verify required --json",
      ),
    );
    assertEquals([restored.name, restored.tags, restored.os_type], ["restored", ["gold"], "linux"]);
    assertEquals((await theirs.run(`image-download ${restored.id}`, there)).bytes, DATA);
    const refused = await ours(`image-copy ${id} --to-cloud here`, environment);
    assertEquals([refused.code, refused.stderr.includes("same project")], [1, true]);
    const nowhere = await ours(`image-copy ${id} --to-region nowhere`, environment);
    assertEquals([nowhere.code, nowhere.stderr.includes('"nowhere"')], [1, true]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function cloudOf(user: Environment): Record<string, unknown> {
  return {
    auth: {
      auth_url: user["OS_AUTH_URL"],
      username: user["OS_USERNAME"],
      password: user["OS_PASSWORD"],
      project_name: user["OS_PROJECT_NAME"],
      user_domain_name: user["OS_USER_DOMAIN_NAME"],
      project_domain_name: user["OS_PROJECT_DOMAIN_NAME"],
    },
    region_name: user["OS_REGION_NAME"],
  };
}
