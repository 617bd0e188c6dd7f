/** The headers of the W3C recommendation Trace Context. Pure. */

/** The headers, as they are sent. */
export interface TraceHeaders {
  /** Version, trace id, span id, and flags. */
  readonly traceparent: string;
  /** Vendor-specific members. */
  readonly tracestate?: string;
}

/** Version, trace id, parent id, flags; later versions may add more after a dash. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(-.*)?$/;

/** Length in version 00, which nothing may follow. */
const LENGTH = 55;

/** A member of `tracestate`: a key, and a value that does not end with a space. */
const MEMBER =
  /^([a-z\d][\w\-*/]{0,255}|[a-z\d][\w\-*/]{0,240}@[a-z][\w\-*/]{0,13})=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

const MAX_MEMBERS = 32;

/** Characters that must be sent, and those of a member that may be removed first if there are more. */
const MAX_LENGTH = 512;
const LONG_MEMBER = 128;

/**
 * The trace headers among the headers of a request; undefined if `traceparent` is absent or malformed. A malformed
 * `tracestate` is left out, and members of one that is too long.
 */
export function traceHeadersOf(
  headers: { get(name: string): string | null },
): TraceHeaders | undefined {
  const traceparent = headers.get("traceparent");
  if (traceparent === null || !TRACEPARENT.test(traceparent)) return undefined;
  if (traceparent.startsWith("00") && traceparent.length > LENGTH) return undefined;
  const tracestate = normalized(headers.get("tracestate") ?? "");
  return tracestate === "" ? { traceparent } : { traceparent, tracestate };
}

/** The members, or an empty string if one is malformed or a key is repeated. */
function normalized(tracestate: string): string {
  // Empty members are allowed.
  const members = tracestate.split(",").map((member) => member.trim())
    .filter((member) => member !== "");
  const keys = new Set(members.map((member) => member.split("=")[0]));
  const isValid = members.length <= MAX_MEMBERS && keys.size === members.length &&
    members.every((member) => MEMBER.test(member) && !/^[^=]*[A-Z]/.test(member));
  if (!isValid) return "";
  while (members.join(",").length > MAX_LENGTH) {
    const long = members.findIndex(({ length }) => length > LONG_MEMBER);
    members.splice(long, 1);
  }
  return members.join(",");
}
