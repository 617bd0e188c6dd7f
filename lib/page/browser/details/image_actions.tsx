/** What can be done with an image. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { DEACTIVATE_IMAGE, REACTIVATE_IMAGE } from "../../../api/operations/images.ts";
import type { GlanceImage } from "../../../api/types.ts";
import { Problem } from "../controls/problem.tsx";
import { IS_READ_ONLY, request, type User } from "../gateway.ts";
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
  const [form, setForm] = useState<"edit" | "delete" | null>(null);
  const { isRunning, error, run } = useAction();
  const close = () => setForm(null);
  const change = (operation: typeof DEACTIVATE_IMAGE | typeof REACTIVATE_IMAGE) =>
    run(async () => {
      await request(user, operation, [image.id]);
      retry();
      onChanged();
    });
  if (form === "edit") {
    const saved = () => {
      close();
      retry();
      onChanged();
    };
    return <EditForm user={user} image={image} onSaved={saved} onCancel={close} />;
  }
  if (form === "delete") {
    const deleted = () => {
      onClose();
      onChanged();
    };
    return <DeleteForm user={user} image={image} onDeleted={deleted} onCancel={close} />;
  }
  const isActive = image.status === "active";
  return (
    <>
      <div class="actions">
        {isActive && <Download user={user} image={image} />}
        {!IS_READ_ONLY && (
          <>
            <button type="button" onClick={() => setForm("edit")}>Edit</button>
            {(isActive || image.status === "deactivated") && (
              <button
                type="button"
                disabled={isRunning}
                onClick={() => change(isActive ? DEACTIVATE_IMAGE : REACTIVATE_IMAGE)}
              >
                {isActive ? "Deactivate" : "Reactivate"}
              </button>
            )}
            <button type="button" class="danger" onClick={() => setForm("delete")}>Delete</button>
          </>
        )}
      </div>
      <Problem error={error} />
    </>
  );
}
