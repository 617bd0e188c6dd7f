/**
 * Child processes of the live stack: each leads its own process group, writes to one log file, and
 * ends with the parent process, even if that is killed. Also free ports.
 */

/** Timeout for the first response of a server; several stacks may share two cores. */
const READY_TIMEOUT_MS = 120_000;
const POLL_INTERVAL_MS = 50;
const LOG_TAIL_BYTES = 6_000;

/** A command and its log. */
export interface ServerCommand {
  /** Name for messages. */
  readonly name: string;
  /** Program and arguments. */
  readonly argv: readonly string[];
  /** File to which standard output and standard error are appended. */
  readonly log: string;
  /** Additional environment variables. */
  readonly env?: Record<string, string>;
}

/** A running child process and its process group. Disposing kills it. */
export class ServerProcess implements AsyncDisposable {
  readonly #command: ServerCommand;
  readonly #child: Deno.ChildProcess;
  #exit: Deno.CommandStatus | undefined;

  private constructor(command: ServerCommand) {
    this.#command = command;
    this.#child = spawn(command);
    this.#child.status.then((status) => this.#exit = status);
  }

  /**
   * Starts a process and polls `probe` until it returns true. An error of the probe means "not
   * yet".
   *
   * @throws {Error} with the end of the log if the process exits or the timeout expires; the
   * process is stopped then
   */
  static async start(
    command: ServerCommand,
    probe: () => Promise<boolean>,
  ): Promise<ServerProcess> {
    const server = new ServerProcess(command);
    try {
      await server.#untilReady(probe);
      return server;
    } catch (error) {
      await server.stop("SIGKILL");
      throw error;
    }
  }

  /** Its id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** True until the process ends. */
  get running(): boolean {
    return this.#exit === undefined;
  }

  async #untilReady(probe: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (this.running && Date.now() < deadline) {
      if (await probe().catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    }
    const state = this.running
      ? `no response for ${READY_TIMEOUT_MS / 1000} s`
      : `ended with status ${this.#exit?.code}`;
    throw new Error(
      `Cannot start ${this.#command.name}: ${state}\n${await logTail(this.#command.log)}`,
    );
  }

  /** Signals the whole group and waits for the leader's exit; a no-op if it has ended. */
  async stop(signal: Deno.Signal): Promise<void> {
    if (this.running) killGroup(this.#child.pid, signal);
    await this.#child.status;
  }

  /** Kills the group; the files of the processes are deleted anyway. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }
}

/**
 * Runs a command to completion.
 *
 * @throws {Error} with the end of its log if it fails
 */
export async function run(command: ServerCommand): Promise<void> {
  const child = spawn(command);
  const status = await child.status;
  if (status.success) return;
  throw new Error(
    `Cannot prepare ${command.name}: status ${status.code}\n${await logTail(command.log)}`,
  );
}

/** The shell opens the log; setpriv makes the kernel kill the child when the parent exits. */
function spawn({ argv, log, env }: ServerCommand): Deno.ChildProcess {
  const script = 'log=$1; shift; exec setpriv --pdeathsig KILL -- "$@" >>"$log" 2>&1';
  return new Deno.Command("sh", {
    args: ["-c", script, "sh", log, ...argv],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    detached: true,
    ...(env === undefined ? {} : { env }),
  }).spawn();
}

/** The group id is the process id of the leader. */
function killGroup(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The last few thousand bytes of a log. */
export async function logTail(path: string): Promise<string> {
  try {
    const bytes = await Deno.readFile(path);
    return new TextDecoder().decode(bytes.subarray(-LOG_TAIL_BYTES));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "(no log)";
    throw error;
  }
}
