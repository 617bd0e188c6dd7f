/**
 * The port through which the retry loop gets a token, so that it knows nothing of Keystone.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";

/** The context of a call, with a token that is renewed in time. */
export interface TokenSource {
  /** The context to send now. */
  context(): Promise<RequestContext>;
  /** Whether a refused token can be replaced: at most once a call. */
  readonly isRenewable: boolean;
  /** Replaces a refused token. */
  renewRefused(): Promise<void>;
}
