import {
  cacheApiStore,
  directoryStore,
  memoryStore,
  s3Store,
  type SlotStore,
} from "../../../lib/cache/mod.ts";
import { STORE_RULES } from "./contract.ts";
import { FakeS3 } from "./fake_s3.ts";

interface OpenStore {
  readonly store: SlotStore;
  readonly lists?: boolean;
  readonly close?: () => Promise<void>;
}

const STORES: Readonly<Record<string, () => Promise<OpenStore>>> = {
  memoryStore: () => Promise.resolve({ store: memoryStore() }),
  directoryStore: async () => {
    const path = await Deno.makeTempDir();
    return { store: directoryStore(path), close: () => Deno.remove(path, { recursive: true }) };
  },
  cacheApiStore: () => {
    const name = `slots-${crypto.randomUUID()}`;
    const close = async () => void await caches.delete(name);
    return Promise.resolve({ store: cacheApiStore(name), lists: false, close });
  },
  s3Store: () => {
    const server = new FakeS3();
    server.now = Date.now();
    return Promise.resolve({ store: s3Store(server.options()) });
  },
};

for (const [name, open] of Object.entries(STORES)) {
  for (const { name: action, check } of STORE_RULES) {
    Deno.test(`${name}() ${action}`, async () => {
      const { store, lists = true, close } = await open();
      try {
        await check(store, lists);
      } finally {
        await close?.();
      }
    });
  }
}
