/** A fake Glance with a script of image states: one per poll, then the last one repeatedly. */
import { failure, seen } from "../support/scripted_fetch.ts";
import { type World, worldOn } from "../support/world.ts";

/** A state of an image and its tasks; null if the image does not exist. */
export type Scene = {
  readonly image: Readonly<Record<string, unknown>>;
  /** A status refuses them. */
  readonly tasks?: readonly Readonly<Record<string, unknown>>[] | number;
} | null;

/** The id of the one image. */
export const ID = "5b0d2b7a-6f0c-4c5e-9e4b-3f6d1c2a7e90";

/** The id of the task that imports it. */
export const TASK = "7a9d2b7a-6f0c-4c5e-9e4b-3f6d1c2a7e91";

/** A harness, with the times of polls and the number of requests for tasks. */
export interface Stage extends Omit<World, "script"> {
  readonly looks: number[];
  readonly asked: string[];
}

/** A harness with a script of states. */
export function stageOf(scenes: readonly Scene[]): Stage {
  const looks: number[] = [];
  const asked: string[] = [];
  let scene: Scene = null;
  const world = worldOn((input, init) => {
    const { method, path, signal } = seen(input, init);
    signal.throwIfAborted();
    asked.push(`${method} ${path.replace(ID, "{id}")}`);
    if (path.endsWith("/tasks")) {
      const tasks = scene?.tasks ?? [];
      return Promise.resolve(typeof tasks === "number" ? failure(tasks) : Response.json({ tasks }));
    }
    scene = scenes[Math.min(looks.length, scenes.length - 1)] ?? null;
    looks.push(world.clock.now());
    return Promise.resolve(
      scene === null ? failure(404) : Response.json({ id: ID, ...scene.image }),
    );
  }, { apiServers: ["a"] });
  return { ...world, looks, asked };
}
