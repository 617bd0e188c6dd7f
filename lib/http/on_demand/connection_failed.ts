/** The error of a request for which no server gave a usable response. Pure. */
import type { ApiServer } from "../../api_server.ts";
import type { GlanceConnectionFailed, GlanceError } from "../../errors.ts";
import type { MessagePart } from "../../message_parts.ts";

/** A failed attempt, for the message. */
export interface AttemptError {
  readonly server: ApiServer;
  readonly error: GlanceError;
}

/** A request without a usable response. */
export interface RequestFailure {
  readonly action: string;
  readonly imageId: string | undefined;
  readonly failures: readonly AttemptError[];
  /** The reason why there are no more attempts; it follows their number in the message. */
  readonly end: string;
  /** The replaceable parts of `end`. */
  readonly messageParts: readonly MessagePart[];
}

/** Creates the error. Its class is passed, because it is loaded at the start. */
export function connectionFailed(
  { action, imageId, failures, end, messageParts }: RequestFailure,
  ErrorClass: typeof GlanceConnectionFailed,
): GlanceConnectionFailed {
  const errors = failures.map(({ error }) => error);
  const servers = new Set(failures.map(({ server }) => `"${server.endpoint}"`));
  const [attempts, s] = [failures.length, failures.length === 1 ? "" : "s"];
  const [last, server] = [errors.at(-1), failures.at(-1)?.server.endpoint];
  const whose = servers.size === 1 ? "" : ` at "${server}"`;
  const state = last?.message.replace(`Cannot ${action}: `, "")
    .replace(`Cannot reach the server "${server}": `, "");
  const isUnreachable = errors.every(({ message }) => message.includes("Cannot reach the server"));
  // Texts with replaceable parts contain a hint already.
  const parts = [...messageParts, ...last?.messageParts ?? []];
  const hint = isUnreachable && parts.length === 0 ? "; check the address and the network" : "";
  return new ErrorClass(
    `Cannot ${action}: ${
      [...servers].join(", ")
    } gave no usable response in ${attempts} attempt${s}${end}; last error${whose}: ${state}${hint}`,
    {
      cause: new AggregateError(errors, "every attempt failed"),
      messageParts: parts,
      imageId,
      server,
      status: last?.status,
      requestId: last?.requestId,
      explanation: last?.explanation,
      attempts,
    },
  );
}
