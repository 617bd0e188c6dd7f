/** A temporary directory for one test, removed afterward. */
export async function inDirectory<Result>(
  test: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = await Deno.makeTempDir();
  try {
    return await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
