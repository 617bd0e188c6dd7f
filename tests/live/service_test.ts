/**
 * The image service with a real Keystone and two real Glance servers: authentication, renewal,
 * records, lists, members, stores, and references. `service_data_test.ts` tests image data.
 */
import { checkRenewal, checkSignIn } from "./service/authentication.ts";
import { checkLists } from "./service/lists.ts";
import { checkMembers, checkRecords } from "./service/records.ts";
import { checkReferences } from "./service/references.ts";
import { startStack } from "./stack.ts";

Deno.test("GlanceImageService works with a real Keystone and a real Glance", async (t) => {
  await using stack = await startStack();
  await t.step("authentication", (t) => checkSignIn(t, stack));
  await t.step("renewal of tokens", (t) => checkRenewal(t, stack));
  await t.step("records", (t) => checkRecords(t, stack));
  await t.step("lists", (t) => checkLists(t, stack));
  await t.step("members", (t) => checkMembers(t, stack));
  await t.step("references", (t) => checkReferences(t, stack));
});
