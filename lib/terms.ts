/**
 * Terms: the parts of error messages that name options and calls of the library. Each front end, such as the
 * command line, replaces them with its own words.
 */

/** What a term names. */
export type TermKey =
  // Options.
  | "apiServers"
  | "authUrl"
  | "caCert"
  | "catalogInfo"
  | "cert"
  | "certificates"
  | "certKey"
  | "outageTimeout"
  | "inspect"
  | "publicEndpoint"
  | "requestTimeout"
  | "size"
  | "stallTimeout"
  | "systemScope"
  // Actions.
  | "changeFormat"
  | "chooseInterface"
  | "chooseServers"
  | "chooseStores"
  | "copyImage"
  | "declareFormat"
  | "decompressFirst"
  | "fileName"
  | "imageEndpoint"
  | "inspectOff"
  | "keepProperties"
  | "makeShared"
  | "passEnvironment"
  | "passFetch"
  | "passParser"
  | "reactivate"
  | "signIn"
  | "unprotectImage"
  | "unprotectNamespace"
  | "verifyAuto"
  | "verifyPart"
  | "waitLonger";

/** A part of a message. */
export interface Term {
  readonly key: TermKey;
  /** The part as it is in the message. */
  readonly text: string;
  /**
   * What the action is about.
   * Default: the image of the error.
   */
  readonly subject?: string | undefined;
}

/** The option that is quoted in a message. */
export function optionTerm(key: TermKey): Term {
  return { key, text: `"${key}"` };
}

/** The hint to verify only as far as possible. */
export const VERIFY_AUTO: Term = { key: "verifyAuto", text: 'use verify "auto"' };

/** The Keystone URL, as option and as environment variable. */
export const AUTH_URL: Term = { key: "authUrl", text: "authUrl (OS_AUTH_URL)" };
