/** The `System` of this process, through Node or Bun. */
import process from "node:process";
import { isatty } from "node:tty";
import { nodeFiles } from "./node_files.ts";
import { hasInput } from "./standard_input.ts";
import type { Bytes, Input, Output, System } from "./system.ts";

/**
 * Returns the `System` of this process on Node and Bun.
 *
 * @param signal aborts the command; its reason is an `Interrupted`
 *
 * @example
 * ```ts
 * import { nodeSystem, runGlance } from "@glance-edge/glance/cli";
 *
 * const system = nodeSystem(new AbortController().signal);
 * const code = await runGlance(["help", "image-list"], system);
 * console.assert(code === 0);
 * ```
 */
export function nodeSystem(signal: AbortSignal): System {
  return {
    stdin: standardInput(),
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    environment: { ...process.env },
    files: nodeFiles,
    signal,
    now: () => performance.now(),
  };
}

function outputOf(stream: typeof process.stdout | typeof process.stderr): Output {
  // Each write reports its own error; without a listener, a closed pipe would end the process.
  if (stream.listenerCount("error") === 0) stream.on("error", () => {});
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.isTTY ? stream.columns || null : null;
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (error) => error ? reject(error) : resolve());
      }),
  };
}

function standardInput(): Input {
  return {
    get kind() {
      return isatty(0) ? "terminal" : hasInput() ? "data" : "nothing";
    },
    open() {
      const chunks = process.stdin[Symbol.asyncIterator]();
      return new ReadableStream<Bytes>({
        async pull(controller) {
          const { done, value } = await chunks.next();
          if (done) return controller.close();
          controller.enqueue(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
        },
        cancel: () => void process.stdin.destroy(),
      }, { highWaterMark: 0 });
    },
  };
}
