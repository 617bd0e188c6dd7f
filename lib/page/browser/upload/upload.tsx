/** The upload of files, and the import of URLs: a button, and a panel with one line for each of them. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { GET_IMPORT_METHODS } from "../../../api/operations/cloud.ts";
import { sizeText, visibleText } from "../../text.ts";
import { focusOn } from "../controls/focus.ts";
import { Icon } from "../controls/icons.tsx";
import { request, type User } from "../gateway.ts";
import { ProgressLine } from "../transfer/progress_line.tsx";
import { useTransfers } from "../transfer/transfer.ts";
import { useRequest } from "../use_request.ts";
import { DISK_FORMATS } from "./inspect_file.ts";
import { type UploadItem, type Uploads, useUploads } from "./use_uploads.ts";

export interface UploadProps {
  readonly user: User;
  readonly onStored: () => void;
  /** Renders what has the button that opens the panel. */
  readonly children: (button: JSX.Element) => ComponentChildren;
}

export function Upload({ user, onStored, children }: UploadProps): JSX.Element {
  const uploads = useUploads(user, onStored);
  const { items } = uploads;
  const [isOpen, setOpen] = useState(false);
  // Dropped files open the panel.
  useEffect(() => {
    if (items.length > 0) setOpen(true);
  }, [items.length]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    focusOn("[aria-controls=upload]");
    setOpen(false);
  };
  const button = (
    <button
      type="button"
      class="primary"
      aria-expanded={isOpen}
      aria-controls="upload"
      onClick={() => setOpen(!isOpen)}
    >
      <Icon name="upload" />Upload
    </button>
  );
  return (
    <>
      {children(button)}
      <section
        id="upload"
        class="upload"
        aria-label="Upload"
        hidden={!isOpen}
        onKeyDown={onKeyDown}
      >
        {isOpen && <Panel user={user} uploads={uploads} />}
      </section>
    </>
  );
}

function Panel({ user, uploads }: { readonly user: User; readonly uploads: Uploads }) {
  const { items, add, start } = uploads;
  // A cloud without imports is not worth a message.
  const { result: methods } = useRequest(
    (signal) => request(user, GET_IMPORT_METHODS, [], signal),
    [user],
  );
  const offersUrls = [methods?.value].flat().includes("web-download");
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.focus(), []);
  const fresh = items.filter(({ transfer }) => transfer === null);
  return (
    <>
      <label class="drop">
        <Icon name="upload" />
        <span>
          Drop images anywhere, or <u>choose files</u>
        </span>
        <input
          ref={input}
          type="file"
          multiple
          class="hidden-text"
          onChange={({ currentTarget }) => {
            add(currentTarget.files ?? []);
            // The same file can be chosen again.
            currentTarget.value = "";
          }}
        />
      </label>
      {offersUrls && <UrlForm onUrl={(url) => add([url])} />}
      {items.length > 0 && (
        <ul>
          {items.map((item) => <Line key={item.key} item={item} uploads={uploads} />)}
        </ul>
      )}
      {fresh.length > 0 && (
        <button
          type="button"
          class="primary"
          disabled={fresh.some(({ warning }) => warning === null)}
          onClick={start}
        >
          Start {fresh.length === 1 ? "the upload" : `${fresh.length} uploads`}
        </button>
      )}
    </>
  );
}

function UrlForm({ onUrl }: { readonly onUrl: (url: string) => void }): JSX.Element {
  const [url, setUrl] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    onUrl(url);
    setUrl("");
  };
  return (
    <form class="inline" onSubmit={submit}>
      <input
        type="url"
        required
        pattern="https?://.+"
        aria-label="URL of an image"
        placeholder="Or a URL that the cloud downloads: https://…"
        value={url}
        onInput={(event) => setUrl(event.currentTarget.value)}
      />
      <button type="submit">Add</button>
    </form>
  );
}

interface LineProps {
  readonly item: UploadItem;
  readonly uploads: Uploads;
}

function Line({ item, uploads: { change, remove } }: LineProps): JSX.Element {
  useTransfers();
  const { key, source, name, disk_format, warning, transfer } = item;
  const isFile = source instanceof File;
  const label = visibleText(isFile ? source.name : source);
  return (
    <li>
      <p class="source">
        <bdi>{label}</bdi>
        {isFile && <span class="muted">{sizeText(source.size)}</span>}
        {transfer?.status !== "running" && (
          <button
            type="button"
            class="square plain"
            aria-label={`Remove ${label}`}
            onClick={() => remove(key)}
          >
            <Icon name="close" />
          </button>
        )}
      </p>
      {transfer === null
        ? (
          <>
            <div class="fields">
              <label>
                Name
                <input
                  type="text"
                  maxLength={255}
                  value={name}
                  onInput={(event) => change(key, { name: event.currentTarget.value })}
                />
              </label>
              <label>
                Format
                <select
                  value={disk_format}
                  onChange={(event) => change(key, { disk_format: event.currentTarget.value })}
                >
                  {DISK_FORMATS.map((format) => <option key={format}>{format}</option>)}
                </select>
              </label>
            </div>
            {warning && <p class="error">Check the file: {visibleText(warning)}.</p>}
          </>
        )
        : (
          <ProgressLine
            transfer={transfer}
            what={`upload of ${label}`}
            onRetry={() => change(key, { transfer: null })}
          />
        )}
    </li>
  );
}
