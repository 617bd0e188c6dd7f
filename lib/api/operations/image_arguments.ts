/** Checks of the arguments of operations of images: changes, import requests, and hashes. Pure. */
import { recordIn, textIn, textsIn, truthIn, wordIn } from "./arguments.ts";

const CHANGES = ["add", "remove", "replace"];

/** @throws {BadArgument} if the value is not a change of a JSON patch. */
export function changeIn(value: unknown): unknown {
  const change = recordIn("a change of the patch", value);
  wordIn('"op" of a change', change["op"], CHANGES);
  textIn('"path" of a change', change["path"]);
  return change;
}

/** @throws {BadArgument} if the value is not an import request. */
export function importIn(value: unknown): unknown {
  const request = recordIn("the import request", value);
  textIn('"name" of the method', recordIn("the method", request["method"])["name"]);
  const { stores, all_stores, all_stores_must_succeed } = request;
  if (stores !== undefined) textsIn("the list of stores", stores);
  if (all_stores !== undefined) truthIn("all_stores", all_stores);
  if (all_stores_must_succeed !== undefined) {
    truthIn("all_stores_must_succeed", all_stores_must_succeed);
  }
  return request;
}

/** @throws {BadArgument} if the value is not a hash to validate data with. */
export function hashIn(value: unknown): unknown {
  const hash = recordIn("the validation data", value);
  textIn("os_hash_algo", hash["os_hash_algo"]);
  textIn("os_hash_value", hash["os_hash_value"]);
  return hash;
}
