/** The details of an image. */
import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { GlanceError } from "../../../errors.ts";
import { GET_IMAGE, LIST_IMAGE_TASKS } from "../../../api/operations/images.ts";
import type { GlanceImage } from "../../../api/types.ts";
import { dayText, nameText, sizeText, statusText, tagsOf, visibleText } from "../../text.ts";
import { commandsFor } from "./commands.ts";
import { CopyButton } from "../controls/copy_button.tsx";
import { ENDPOINT, request, type User } from "../gateway.ts";
import { Icon } from "../controls/icons.tsx";
import { Members } from "./members.tsx";
import { Problem } from "../controls/problem.tsx";
import { ImageActions } from "./image_actions.tsx";
import { propertiesOf } from "./properties.ts";
import { useRequest } from "../use_request.ts";

export interface DetailsProps {
  readonly user: User;
  readonly id: string;
  /** The image as the list knows it. */
  readonly listed: GlanceImage | undefined;
  readonly onClose: () => void;
  /** Called after the image was changed or deleted. */
  readonly onChanged: () => void;
}

export function Details(props: DetailsProps): JSX.Element {
  const { user, id, listed, onClose } = props;
  const { result, error, retry } = useRequest(
    (signal) => request(user, GET_IMAGE, [id], signal),
    [user, id, listed],
  );
  const image = result?.id === id ? result : listed;
  const isGone = error instanceof GlanceError && error.status === 404;
  const heading = useRef<HTMLHeadingElement>(null);
  // Before the browser paints: later, the user may have moved the focus.
  useLayoutEffect(() => heading.current?.focus(), [id, image === undefined]);

  return (
    <aside
      class="details"
      aria-labelledby="details"
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <header>
        <h2 id="details" tabIndex={-1} ref={heading}>
          <bdi>{image === undefined ? id : nameText(image)}</bdi>
        </h2>
        <button type="button" class="square plain" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="sections">
        <Problem error={error} retry={retry} />
        {image !== undefined && !isGone && (
          <Sections key={id} {...props} image={image} retry={retry} />
        )}
      </div>
    </aside>
  );
}

interface SectionsProps extends DetailsProps {
  readonly image: GlanceImage;
  /** Requests the image again. */
  readonly retry: () => void;
}

function Sections(props: SectionsProps): JSX.Element {
  const { user, image } = props;
  const { id, status, size, disk_format, os_hash_algo, os_hash_value, checksum } = image;
  const hash = os_hash_value ?? checksum;
  return (
    <>
      <p class="summary" role="status" data-status={status}>
        {[statusText(status), disk_format, typeof size === "number" && sizeText(size)]
          .filter(Boolean).join(" · ")}
      </p>
      <ImageActions {...props} />
      <dl>
        <Fact name="ID" copied={id}>
          <code>{id}</code>
        </Fact>
        {hash && (
          <Fact name={os_hash_value ? visibleText(os_hash_algo ?? "Hash") : "md5"} copied={hash}>
            <code class="hash">{hash}</code>
          </Fact>
        )}
        {factsOf(image).map(([name, value]) => <Fact key={name} name={name}>{value}</Fact>)}
      </dl>
      <Properties image={image} />
      {image.visibility === "shared" && <Members user={user} image={image} />}
      <Tasks user={user} id={id} />
      {status === "active" && <Commands user={user} image={image} />}
    </>
  );
}

interface FactProps {
  readonly name: string;
  /** A value with a button that copies it. */
  readonly copied?: string;
  readonly children: ComponentChildren;
}

function Fact({ name, copied, children }: FactProps): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {children}
        {copied !== undefined && <CopyButton text={copied} what={name} />}
      </dd>
    </div>
  );
}

function factsOf(image: GlanceImage): readonly (readonly [string, string])[] {
  const { visibility, container_format, virtual_size, min_disk, min_ram, owner } = image;
  const facts: [string, string | null | undefined | false][] = [
    ["Visibility", visibility],
    ["Container", container_format],
    ["Virtual size", typeof virtual_size === "number" && sizeText(virtual_size)],
    ["Minimum disk", min_disk ? `${min_disk} GB` : null],
    ["Minimum memory", min_ram ? `${min_ram} MB` : null],
    ["Owner", owner],
    ["Protected", image.protected && "yes"],
    ["Hidden", image.os_hidden && "yes"],
    ["Tags", tagsOf(image).join(", ")],
    ["Stores", image.stores && visibleText(image.stores).replaceAll(",", ", ")],
    ["Created", timeText(image.created_at)],
    ["Updated", image.updated_at === image.created_at ? null : timeText(image.updated_at)],
  ];
  return facts.filter((fact): fact is [string, string] => Boolean(fact[1]))
    .map(([name, value]) => [name, visibleText(value)]);
}

function timeText(time: string | null | undefined): string {
  return time ? `${dayText(time)} ${visibleText(time).slice(11, 16)} UTC` : "";
}

function Properties({ image }: { readonly image: GlanceImage }): JSX.Element | null {
  const properties = propertiesOf(image);
  if (properties.length === 0) return null;
  return (
    <section>
      <h3>Properties</h3>
      <dl class="mono">
        {properties.map(([name, value]) => (
          <Fact key={name} name={visibleText(name)}>{visibleText(value)}</Fact>
        ))}
      </dl>
    </section>
  );
}

function Tasks({ user, id }: { readonly user: User; readonly id: string }): JSX.Element | null {
  // Glance before 2.12, and some policies, refuse to list tasks; that is not worth a message.
  const { result: tasks } = useRequest(
    (signal) => request(user, LIST_IMAGE_TASKS, [id], signal),
    [user, id],
  );
  if (!tasks?.length) return null;
  return (
    <section>
      <h3>Tasks</h3>
      <dl>
        {tasks.map((task) => (
          <Fact key={task.id} name={timeText(task.created_at)}>
            {visibleText([task.type, task.status, task.message].filter(Boolean).join(" · "))}
          </Fact>
        ))}
      </dl>
    </section>
  );
}

function Commands(
  { user, image }: { readonly user: User; readonly image: GlanceImage },
): JSX.Element {
  const { id, name, disk_format: format } = image;
  const needsToken = user.context.authToken !== undefined;
  return (
    <section>
      <h3>Download with</h3>
      {commandsFor({ endpoint: ENDPOINT, id, name, format, needsToken }).map(([program, text]) => (
        <details key={program}>
          <summary>{program}</summary>
          <div class="command">
            <pre tabIndex={0}><code>{text}</code></pre>
            <CopyButton text={text} what={`the command for ${program}`} />
          </div>
        </details>
      ))}
    </section>
  );
}
