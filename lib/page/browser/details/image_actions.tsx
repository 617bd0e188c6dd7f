/** What can be done with an image. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { DEACTIVATE_IMAGE, REACTIVATE_IMAGE } from "../../../api/operations/images.ts";
import type { GlanceImage } from "../../../api/types.ts";
import { Problem } from "../controls/problem.tsx";
import { IS_READ_ONLY, request, type User } from "../gateway.ts";
import { focusOn } from "../controls/focus.ts";
import { useAction } from "../use_action.ts";
import { DeleteForm } from "./delete_form.tsx";
import { Download } from "./download.tsx";
import { EditForm } from "./edit_form.tsx";

export interface ImageActionsProps {
  readonly user: User;
  readonly image: GlanceImage;
  readonly retry: () => void;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

export function ImageActions(props: ImageActionsProps): JSX.Element {
  const { user, image, retry, onClose, onChanged } = props;
  const [form, setForm] = useState("");
  const { isRunning, error, run } = useAction();
  const previous = useRef("");
  useEffect(() => {
    // The focus goes to the form, and back to the button that has opened it.
    focusOn(form ? ".edit input" : `[name="${previous.current}"]`);
    previous.current = form;
  }, [form]);
  const close = () => setForm("");
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    // It would close the details, too.
    event.stopPropagation();
    close();
  };
  const change = (operation: typeof DEACTIVATE_IMAGE | typeof REACTIVATE_IMAGE) =>
    run(async () => {
      await request(user, operation, [image.id]);
      retry();
      onChanged();
    });
  if (form !== "") {
    const saved = () => {
      close();
      retry();
      onChanged();
    };
    const deleted = () => {
      onClose();
      // Its row is about to go.
      focusOn(".scroll");
      onChanged();
    };
    return (
      <div onKeyDown={onKeyDown}>
        {form === "edit"
          ? <EditForm user={user} image={image} onSaved={saved} onCancel={close} />
          : <DeleteForm user={user} image={image} onDeleted={deleted} onCancel={close} />}
      </div>
    );
  }
  const isActive = image.status === "active";
  return (
    <>
      <div class="actions">
        {isActive && <Download user={user} image={image} />}
        {!IS_READ_ONLY && (
          <>
            <button type="button" name="edit" onClick={() => setForm("edit")}>Edit</button>
            {(isActive || image.status === "deactivated") && (
              <button
                type="button"
                disabled={isRunning}
                onClick={() => change(isActive ? DEACTIVATE_IMAGE : REACTIVATE_IMAGE)}
              >
                {isActive ? "Deactivate" : "Reactivate"}
              </button>
            )}
            <button
              type="button"
              name="delete"
              class="danger"
              onClick={() => setForm("delete")}
            >
              Delete
            </button>
          </>
        )}
      </div>
      <Problem error={error} />
    </>
  );
}
