/**
 * Replaceable parts of error messages: those that name options and calls of the library. Each front end, such as the
 * command line, replaces them with its own words.
 */

/** The option or action that a part names. */
export type MessagePartKey =
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
  | "allowHttpRedirect"
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
export interface MessagePart {
  readonly key: MessagePartKey;
  /** The part as it is in the message. */
  readonly text: string;
  /**
   * The subject of the action.
   * Default: the image of the error.
   */
  readonly subject?: string | undefined;
}

/** The part for an option that is quoted in a message. */
export function optionPart(key: MessagePartKey): MessagePart {
  return { key, text: `"${key}"` };
}

/** The hint to verify only as far as possible. */
export const VERIFY_AUTO: MessagePart = { key: "verifyAuto", text: 'use verify "auto"' };

/** The Keystone URL, as option and as environment variable. */
export const AUTH_URL: MessagePart = { key: "authUrl", text: "authUrl (OS_AUTH_URL)" };
