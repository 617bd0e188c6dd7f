/** The port through which the retry loop gets tokens, so that it does not depend on Keystone. */
import type { RequestContext } from "../context.ts";

/** The tokens of one call. */
export interface TokenSource {
  /** The current context; its token is renewed before it expires. */
  context(): Promise<RequestContext>;
  /** Whether a refused token can be renewed; at most once per call. */
  readonly isRenewable: boolean;
  /** Renews a token that a server refused with 401. */
  renewRefused(): Promise<void>;
}
