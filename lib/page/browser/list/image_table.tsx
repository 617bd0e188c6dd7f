/** The table of images. Only the visible rows are in the document. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { GlanceImage } from "../../../api/types.ts";
import {
  COLUMNS,
  dayText,
  nameText,
  sizeText,
  statusText,
  tagsOf,
  visibleText,
} from "../../text.ts";
import { Icon } from "../controls/icons.tsx";
import { formatQuery, type ImageQuery, sortedBy } from "./list_query.ts";
import { type ChangeQuery, onPlainClick } from "./use_query.ts";
import { visibleRows } from "./visible_rows.ts";

export interface ImageTableProps {
  readonly images: readonly GlanceImage[];
  readonly query: ImageQuery;
  readonly change: ChangeQuery;
}

/** Height of a row in CSS pixels, as in the style sheet: rows of narrow windows have two lines. */
const ROW_HEIGHT = { wide: 41, narrow: 57 };
const NARROW = matchMedia("(max-width: 45rem)");

export function ImageTable({ images, query, change }: ImageTableProps): JSX.Element {
  const view = useRef<HTMLDivElement>(null);
  const { rowHeight, top, height } = useView(view);
  const { start, end } = visibleRows(images.length, rowHeight, top, height);
  useAnchor(view, images, rowHeight);

  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const row = (event.target as Element).closest("tr");
    if (step === 0 || row === null || view.current === null) return;
    event.preventDefault();
    const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
    next?.querySelector("a")?.focus();
  };

  return (
    <div
      class="scroll"
      ref={view}
      role="region"
      aria-label="Images"
      tabindex={0}
      style={{ "--rows": `calc(2.4rem + ${images.length * rowHeight + 2}px)` }}
    >
      <table aria-rowcount={images.length + 1}>
        <thead>
          <tr>
            {COLUMNS.map(([key, title]) => {
              const isSorted = query.sort === key;
              const order = query.descending ? "descending" : "ascending";
              return (
                <th key={key} scope="col" class={key} aria-sort={isSorted ? order : undefined}>
                  <button type="button" onClick={() => change(sortedBy(query, key))}>
                    {title}
                    {isSorted && <Icon name={query.descending ? "down" : "up"} />}
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody onKeyDown={onKeyDown}>
          <Space height={start * rowHeight} />
          {images.slice(start, end).map((image, i) => (
            <Row key={image.id} index={start + i} {...{ image, query, change }} />
          ))}
          <Space height={(images.length - end) * rowHeight} />
        </tbody>
      </table>
    </div>
  );
}

/** Takes the place of rows that are not in the document. */
function Space({ height }: { readonly height: number }): JSX.Element | null {
  return height === 0
    ? null
    : <tr class="space" aria-hidden="true" style={{ height: `${height}px` }} />;
}

interface RowProps extends Omit<ImageTableProps, "images"> {
  readonly image: GlanceImage;
  readonly index: number;
}

function Row({ image, index, query, change }: RowProps): JSX.Element {
  const { id, status, visibility, disk_format, size, created_at } = image;
  const open = () => change({ image: id }, true);
  const sizeOf = typeof size === "number" ? sizeText(size) : "";
  const isOpen = query.image === id;
  return (
    <tr aria-rowindex={index + 2} aria-current={isOpen ? "true" : undefined} onClick={open}>
      <th scope="row" class="name">
        <a href={formatQuery({ ...query, image: id })} onClick={onPlainClick(() => {})}>
          <bdi class={image.name ? "" : "unnamed"}>{nameText(image)}</bdi>
        </a>
        {tagsOf(image).slice(0, 3).map((tag) => <bdi key={tag} class="tag">{visibleText(tag)}
        </bdi>)}
        <span class="more">
          {[statusText(status), disk_format, visibility].filter(Boolean).map(visibleText).join(
            " · ",
          )}
        </span>
      </th>
      <td class="status" data-status={status}>{statusText(status)}</td>
      <td class="visibility">{visibility && visibleText(visibility)}</td>
      <td class="disk_format">{disk_format && visibleText(disk_format)}</td>
      <td class="size">{sizeOf}</td>
      <td class="created_at">{dayText(created_at)}</td>
    </tr>
  );
}

/** The scroll position and the height of the view. */
function useView(view: { readonly current: HTMLDivElement | null }) {
  const measure = () => ({
    rowHeight: NARROW.matches ? ROW_HEIGHT.narrow : ROW_HEIGHT.wide,
    top: view.current?.scrollTop ?? 0,
    height: view.current?.clientHeight ?? 0,
  });
  const [state, setState] = useState(measure);
  useLayoutEffect(() => {
    const element = view.current;
    if (element === null) return;
    const update = () => setState(measure());
    const observer = new ResizeObserver(update);
    observer.observe(element);
    element.addEventListener("scroll", update, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", update);
    };
  }, []);
  return state;
}

/** Keeps the first visible image in its place when the list is loaded again. */
function useAnchor(
  view: { readonly current: HTMLDivElement | null },
  images: readonly GlanceImage[],
  rowHeight: number,
): void {
  const previous = useRef(images);
  useLayoutEffect(() => {
    const element = view.current;
    const [before, offset] = [previous.current, element?.scrollTop ?? 0];
    previous.current = images;
    if (element === null || before === images || offset < rowHeight) return;
    const index = Math.floor(offset / rowHeight);
    const id = before[index]?.id;
    const now = images.findIndex((image) => image.id === id);
    if (now >= 0) element.scrollTop += (now - index) * rowHeight;
  }, [images]);
}
