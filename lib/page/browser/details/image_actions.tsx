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
  const [note, setNote] = useState("");
  const { isRunning, error, run } = useAction();
  const previous = useRef("");
  useEffect(() => {
    // The focus goes to the form, and back to the button that has opened it.
    focusOn(form ? ".edit input" : `[name="${previous.current}"]`);
    previous.current = form;
    if (form) setNote("");
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
      setNote("");
      retry();
      onChanged();
    });
  const saved = () => {
    close();
    setNote("Saved");
    retry();
    onChanged();
  };
  const deleted = () => {
    onClose();
    onChanged();
  };
  const isActive = image.status === "active";
  const buttons = !IS_READ_ONLY && (
    <>
      <button type="button" name="edit" onClick={() => setForm("edit")}>Edit</button>
      {(isActive || image.status === "deactivated") && (
        <button
          type="button"
          aria-disabled={isRunning}
          onClick={() => change(isActive ? DEACTIVATE_IMAGE : REACTIVATE_IMAGE)}
        >
          {isActive ? "Deactivate" : "Reactivate"}
        </button>
      )}
      <button type="button" name="delete" class="danger" onClick={() => setForm("delete")}>
        Delete
      </button>
    </>
  );
  return (
    <>
      <p class="hidden-text" role="status">{note}</p>
      {form === ""
        ? <Download user={user} image={image}>{buttons}</Download>
        : (
          <div onKeyDown={onKeyDown}>
            {form === "edit"
              ? <EditForm user={user} image={image} onSaved={saved} onCancel={close} />
              : <DeleteForm user={user} image={image} onDeleted={deleted} onCancel={close} />}
          </div>
        )}
      <Problem error={error} />
    </>
  );
}
