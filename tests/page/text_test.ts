import { assertEquals } from "@std/assert";
import { dayText, nameText, sizeText, statusText, visibleText } from "../../lib/page/text.ts";

Deno.test("sizeText() uses binary units with three digits at most", () => {
  for (
    const [bytes, text] of [
      [0, "0 B"],
      [1_023, "1023 B"],
      [1_024, "1.0 KiB"],
      [1_048_575, "1.0 MiB"],
      [102_400, "100 KiB"],
      [2_576_980_378, "2.4 GiB"],
      [2 ** 60, "1024 PiB"],
    ] as const
  ) assertEquals(sizeText(bytes), text);
});

Deno.test("visibleText() shows what is invisible or turns text around", () => {
  assertEquals(visibleText("a\u202Eb\u0000\uFEFF"), "a<U+202E>b<U+0000><U+FEFF>");
  assertEquals(visibleText("<b>ü 世界</b>"), "<b>ü 世界</b>");
});

Deno.test("nameText() shows an image without a name by its id", () => {
  assertEquals(nameText({ id: "12345678-9", name: null }), "Unnamed 12345678");
  assertEquals(nameText({ id: "1", name: "x" }), "x");
});

Deno.test("dayText() and statusText() accept what Glance may send", () => {
  assertEquals([dayText("2026-11-30T12:00:00Z"), dayText(null), dayText("x")], [
    "2026-11-30",
    "",
    "",
  ]);
  assertEquals(statusText("pending_delete"), "Pending delete");
});
