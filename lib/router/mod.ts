/**
 * A gateway: an Image API v2 endpoint, as a Hono router, in front of one or many Glance servers. OpenStack
 * clients use it like Glance. For browsers, curl and caches it adds HEAD, entity tags and ranges.
 *
 * @example
 * ```ts
 * import { createImageRouter } from "@glance-edge/glance/router";
 *
 * const router = createImageRouter({ apiServers: ["http://a:9292", "http://b:9292"] });
 * // Deno.serve(router.fetch), or: export default router
 * console.assert((await router.request("/nowhere")).status === 404);
 * ```
 *
 * @module
 */

export type { SlotStore, StoredSlot } from "../cache/stores/slot_store.ts";
export { createImageRouter, type ImageRouter } from "./router.ts";
export type {
  CacheOptions,
  CorsOptions,
  GatewayCall,
  ImageRouterOptions,
  PageOptions,
  ServiceMode,
} from "./options.ts";
export {
  keystoneSignIn,
  type PageSignIn,
  type SignedIn,
  type SignInForm,
} from "../page/keystone_sign_in.ts";
export type { KeystoneProject } from "../auth/keystone.ts";
export type { RequestLog } from "./observe/access_log.ts";
