import { assert, assertEquals } from "@std/assert";
import { PageMemory, type SlotPage } from "../../../lib/cache/pages/page_memory.ts";

/** Adds a page to the memory; its name is in the list when it is evicted. */
function addPage(memory: PageMemory, size: number, evicted: string[], name: string): SlotPage {
  const allocated = memory.allocate(size)!;
  const onEvicted = () => void evicted.push(name);
  const page: SlotPage = { memory: allocated, readers: 0, loading: null, isKept: false, onEvicted };
  memory.add(page);
  return page;
}

Deno.test("PageMemory.allocate() evicts the page used least recently when the limit is reached", () => {
  const memory = new PageMemory(30);
  const evicted: string[] = [];
  const [a, b, c] = ["a", "b", "c"].map((name) => addPage(memory, 10, evicted, name));
  memory.touch(a!);
  const next = addPage(memory, 10, evicted, "d");
  assertEquals(evicted, ["b"]);
  assert(next.memory === b!.memory);
  addPage(memory, 20, evicted, "e");
  assertEquals(evicted, ["b", "c", "a"]);
  assert(c !== undefined);
});

Deno.test("PageMemory.allocate() returns null when the pages in use take all", () => {
  const memory = new PageMemory(20);
  const evicted: string[] = [];
  const pages = ["a", "b"].map((name) => addPage(memory, 10, evicted, name));
  for (const page of pages) page.readers++;
  assertEquals(memory.allocate(1), null);
  assertEquals(evicted, []);
  pages[1]!.readers--;
  assert(memory.allocate(10) === pages[1]!.memory);
  assertEquals(memory.allocate(21), null);
});

Deno.test("PageMemory.allocate() does not use the memory of a page again when it may still be sent", () => {
  const memory = new PageMemory(10);
  const page = addPage(memory, 10, [], "a");
  page.isKept = true;
  assert(memory.allocate(10) !== page.memory);
});

Deno.test("PageMemory.remove() frees room", () => {
  const memory = new PageMemory(10);
  const page = addPage(memory, 10, [], "a");
  page.readers++;
  memory.remove(page);
  memory.remove(page);
  assert(memory.allocate(10) !== page.memory);
});
