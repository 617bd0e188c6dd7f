import { assertEquals } from "@std/assert";
import { traceHeadersOf } from "../../lib/tracing/mod.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const VALID = `00-${TRACE}-${SPAN}-01`;

function parsed(traceparent: string, tracestate?: string): (string | undefined)[] {
  const headers = new Headers({ traceparent, ...tracestate !== undefined && { tracestate } });
  const found = traceHeadersOf(headers);
  return [found?.traceparent, found?.tracestate];
}

Deno.test("traceHeadersOf() takes a valid traceparent, also of a later version", () => {
  const valid = [
    VALID,
    `00-${TRACE}-${SPAN}-00`,
    `00-${TRACE}-${SPAN}-ff`,
    `01-${TRACE}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01-what-the-future-brings`,
  ];
  for (const traceparent of valid) assertEquals(parsed(traceparent), [traceparent, undefined]);
});

Deno.test("traceHeadersOf() drops a malformed traceparent, and tracestate with it", () => {
  const malformed = [
    "",
    "00",
    `ff-${TRACE}-${SPAN}-01`,
    `0-${TRACE}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN.toUpperCase()}-01`,
    `00-${TRACE}x-${SPAN}-01`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-01.`,
    `cc-${TRACE}-${SPAN}-01.what`,
    `cc-${TRACE}-${SPAN}-010`,
    // Two headers, which are joined.
    `${VALID}, ${VALID}`,
  ];
  for (const traceparent of malformed) {
    assertEquals(parsed(traceparent, "a=1"), [undefined, undefined], traceparent);
  }
  assertEquals(traceHeadersOf(new Headers({ tracestate: "a=1" })), undefined);
});

Deno.test("traceHeadersOf() takes a valid tracestate, without white space and empty members", () => {
  const valid: Record<string, string> = {
    "a=1": "a=1",
    "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE": "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
    "a=1 \t,\t b=2, ,": "a=1,b=2",
    "fw529a3039@dt=FfTM1;2:x": "fw529a3039@dt=FfTM1;2:x",
    "0tenant@v=1": "0tenant@v=1",
    "a= 1": "a= 1",
    "a/b*c-d_e=!~": "a/b*c-d_e=!~",
    [`a=${"v".repeat(256)}`]: `a=${"v".repeat(256)}`,
    [`${"k".repeat(256)}=1`]: `${"k".repeat(256)}=1`,
  };
  for (const [tracestate, expected] of Object.entries(valid)) {
    assertEquals(parsed(VALID, tracestate), [VALID, expected]);
  }
});

Deno.test("traceHeadersOf() drops a malformed tracestate, and keeps traceparent", () => {
  const malformed = [
    "a",
    "=1",
    "a=",
    "A=1",
    "a b=1",
    "a=1=2",
    "a=1,a=2",
    "a@=1",
    "a@b@c=1",
    "a=ü",
    "a@Vendor=1",
    `a=${"v".repeat(257)}`,
    `${"k".repeat(257)}=1`,
    `a@${"k".repeat(15)}=1`,
    Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(),
  ];
  for (const tracestate of malformed) {
    assertEquals(parsed(VALID, tracestate), [VALID, undefined], tracestate);
  }
});

Deno.test("traceHeadersOf() removes long members first from a tracestate of over 512 characters", () => {
  const short = Array.from({ length: 9 }, (_, i) => `k${i}=${"v".repeat(50)}`);
  const long = `long=${"v".repeat(200)}`;
  const [, removed] = parsed(VALID, [long, ...short].join());
  assertEquals(removed, short.join());
  const many = Array.from({ length: 12 }, (_, i) => `k${i}=${"v".repeat(50)}`);
  const [, cut = ""] = parsed(VALID, many.join());
  assertEquals(cut, many.slice(0, 9).join());
  assertEquals(cut.length <= 512, true);
});

Deno.test("traceHeadersOf() takes linear time for long headers", () => {
  const started = performance.now();
  for (const tracestate of ["a=".repeat(8_000), " ".repeat(16_000), `a=${" ".repeat(16_000)}`]) {
    parsed(VALID, `x${tracestate}x`);
  }
  for (let i = 0; i < 100; i++) parsed(`cc-${TRACE}-${SPAN}-01-${"-".repeat(16_000)}`);
  assertEquals(performance.now() - started < 1_000, true);
});
