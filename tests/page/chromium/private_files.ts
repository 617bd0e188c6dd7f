/// <reference lib="dom" />
/** Takes the place of the picker of files in the page: files of its private storage, which a test can read. */

/** An init script, so it uses nothing of this module. */
export function pickPrivateFile(): void {
  Object.assign(globalThis, {
    showSaveFilePicker: async ({ suggestedName }: { suggestedName: string }) =>
      await (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true }),
  });
}
