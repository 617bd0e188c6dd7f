/** The icons of the page. */
import type { JSX } from "preact";

const PATHS = {
  search: "M7 12.5a5.5 5.5 0 1 1 0-11 5.5 5.5 0 0 1 0 11Zm4-1.5 4 4",
  filter: "M1.5 3.5h13M4 8h8M6.5 12.5h3",
  reload: "M13.5 8a5.5 5.5 0 1 1-1.6-3.9L13.5 5.7M13.5 2v3.7H9.8",
  close: "m3.5 3.5 9 9m0-9-9 9",
  copy: "M5.5 5.5h8v8h-8zM10.5 3v-.5h-8v8H3",
  check: "m3 8.5 3.5 3.5L13 4.5",
  upload: "M8 10.5V2.5M4.5 6 8 2.5 11.5 6M2.5 10.5v3h11v-3",
  up: "M8 13V3.5M4 7.5l4-4 4 4",
  pulse: "M1 8.5h3.5l2-5 3 9 2-4H15",
  down: "M8 3v9.5M4 8.5l4 4 4-4",
} as const;

/** The name of an icon. */
export type IconName = keyof typeof PATHS;

/** A decorative icon: the control that has it also has a name. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark of the page. */
export function Logo(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M8 12.5 16 8l8 4.5-8 4.5zM8 17l8 4.5 8-4.5M8 21l8 4.5 8-4.5" />
    </svg>
  );
}
