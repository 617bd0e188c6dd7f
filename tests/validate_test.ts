/** Checks of untyped values, and their form in messages. */
import { assertEquals, assertThrows } from "@std/assert";
import { checkObject, describeType, inspect, isObject } from "../lib/validate.ts";
import { Invalid } from "../mod.ts";

/** A value -> its type, its form in a message. */
const VALUES: readonly (readonly [value: unknown, kind: string, shown: string])[] = [
  [undefined, "undefined", "undefined"],
  [null, "null", "null"],
  [true, "a boolean", "true"],
  [NaN, "a number", "NaN"],
  [-0.5, "a number", "-0.5"],
  [7n, "a bigint", "7"],
  [Symbol("s"), "a symbol", "Symbol(s)"],
  ["", "a string", '""'],
  ['a "b"\nc', "a string", '"a \\"b\\"\\nc"'],
  ["\ud800", "a string", '"\\ud800"'],
  [[1], "a list", "a list"],
  [{ secret: "s3cret" }, "an object", "an object"],
  [Object.create(null), "an object", "an object"],
  [new Date(NaN), "an object", "an object"],
  [() => {}, "a function", "a function"],
];

for (const [value, kind, text] of VALUES) {
  Deno.test(`describeType() returns "${kind}" and inspect() returns ${text} for ${Deno.inspect(value)}`, () => {
    assertEquals([describeType(value), inspect(value)], [kind, text]);
    assertEquals(isObject(value), kind === "an object");
    if (isObject(value)) return checkObject("it", value);
    const message = `Cannot use ${text} as it: it must be an object`;
    assertEquals(assertThrows(() => checkObject("it", value), Invalid).message, message);
  });
}
