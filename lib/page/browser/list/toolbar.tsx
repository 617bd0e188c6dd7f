/** Search, filters, and reload. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { GlanceImage } from "../../../api/types.ts";
import { COLUMNS, statusText, tagsOf, visibleText } from "../../text.ts";
import { Icon } from "../controls/icons.tsx";
import { bytesOf, choicesOf } from "./list_filter.ts";
import {
  type FilterName,
  FILTERS,
  type ImageQuery,
  type ListColumn,
  sortedBy,
} from "./list_query.ts";
import type { ChangeQuery } from "./use_query.ts";

export interface ToolbarProps {
  readonly images: readonly GlanceImage[];
  readonly query: ImageQuery;
  readonly change: ChangeQuery;
  readonly reload: () => void;
  readonly isLoading: boolean;
  readonly children?: ComponentChildren;
}

/** Filters with a choice of the values that the images have. */
const CHOICES = [
  ["status", "Status", ({ status }: GlanceImage) => [status]],
  ["format", "Format", ({ disk_format }: GlanceImage) => [disk_format]],
  ["visibility", "Visibility", ({ visibility }: GlanceImage) => [visibility]],
  ["tag", "Tag", tagsOf],
  ["owner", "Owner", ({ owner }: GlanceImage) => [owner]],
] as const;

export function Toolbar(props: ToolbarProps): JSX.Element {
  const { query, change, reload, isLoading } = props;
  const active = FILTERS.filter((name) => name !== "q" && query[name] !== "").length +
    (query.hidden ? 1 : 0);
  const [isOpen, setOpen] = useState(active > 0);
  const search = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof Element &&
        event.target.matches("input,textarea,select");
      if (event.key !== "/" || isTyping) return;
      event.preventDefault();
      search.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);

  return (
    <>
      <div class="toolbar" role="search">
        <div class="search">
          <Icon name="search" />
          <input
            ref={search}
            type="search"
            aria-label="Search by name"
            placeholder="Search by name"
            value={query.q}
            onInput={(event) => change({ q: event.currentTarget.value })}
          />
        </div>
        <button
          type="button"
          aria-expanded={isOpen}
          aria-controls="filters"
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name="filter" />Filters{active > 0 && <span class="badge">{active}</span>}
        </button>
        <button type="button" class="square" aria-label="Reload" title="Reload" onClick={reload}>
          <span class={isLoading ? "busy" : ""}>
            <Icon name="reload" />
          </span>
        </button>
        {props.children}
      </div>
      <div id="filters" class="filters" hidden={!isOpen}>
        {isOpen && <Filters {...props} active={active} />}
      </div>
    </>
  );
}

function Filters({ images, query, change, active }: ToolbarProps & { readonly active: number }) {
  const choices = useMemo(() => CHOICES.map(([, , of]) => choicesOf(images, of)), [images]);
  return (
    <>
      {CHOICES.map(([name, title], i) => (
        <label key={name}>
          {title}
          <select
            value={query[name]}
            onChange={(event) => change({ [name]: event.currentTarget.value })}
          >
            <option value="">Any</option>
            {withCurrent(choices[i] ?? [], query[name]).map((value) => (
              <option key={value} value={value}>
                {name === "status" ? statusText(value) : visibleText(value)}
              </option>
            ))}
          </select>
        </label>
      ))}
      <SizeFilter name="min" title="Size from" query={query} change={change} />
      <SizeFilter name="max" title="Size to" query={query} change={change} />
      <label class="sort">
        Order
        <select
          value={query.sort}
          onChange={(event) => change(sortedBy(query, event.currentTarget.value as ListColumn))}
        >
          {COLUMNS.map(([key, title]) => <option key={key} value={key}>{title}</option>)}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={query.hidden}
          onChange={(event) => change({ hidden: event.currentTarget.checked })}
        />
        Hidden images
      </label>
      <button type="button" aria-disabled={active === 0} onClick={() => change(NONE)}>
        Clear
      </button>
    </>
  );
}

const NONE: Partial<ImageQuery> = {
  ...Object.fromEntries(FILTERS.filter((name) => name !== "q").map((name) => [name, ""])),
  hidden: false,
};

/** The choices with the current one, which no image may have. */
function withCurrent(choices: readonly string[], current: string): readonly string[] {
  return current === "" || choices.includes(current) ? choices : [current, ...choices];
}

interface SizeFilterProps extends Pick<ToolbarProps, "query" | "change"> {
  readonly name: FilterName & ("min" | "max");
  readonly title: string;
}

function SizeFilter({ name, title, query, change }: SizeFilterProps): JSX.Element {
  const isInvalid = query[name] !== "" && bytesOf(query[name]) === null;
  return (
    <label>
      {title}
      <input
        type="text"
        size={9}
        placeholder="500 MiB"
        value={query[name]}
        aria-invalid={isInvalid}
        onInput={(event) => change({ [name]: event.currentTarget.value })}
      />
    </label>
  );
}
