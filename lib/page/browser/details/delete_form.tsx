/** Deletes an image, after its name was typed. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { DELETE_IMAGE } from "../../../api/operations/images.ts";
import type { GlanceImage } from "../../../api/types.ts";
import { visibleText } from "../../text.ts";
import { Problem } from "../controls/problem.tsx";
import { request, type User } from "../gateway.ts";
import { useAction } from "../use_action.ts";

export interface DeleteFormProps {
  readonly user: User;
  readonly image: GlanceImage;
  readonly onDeleted: () => void;
  readonly onCancel: () => void;
}

export function DeleteForm({ user, image, onDeleted, onCancel }: DeleteFormProps): JSX.Element {
  const [typed, setTyped] = useState("");
  const { error, run } = useAction();
  const name = visibleText(plainText(image.name ?? "") || image.id);
  const submit = (event: Event) => {
    event.preventDefault();
    run(async () => {
      await request(user, DELETE_IMAGE, [image.id]);
      onDeleted();
    });
  };
  return (
    <form class="edit" onSubmit={submit}>
      <label>
        <span>
          Type <bdi class="mono">{name}</bdi> to delete the image
        </span>
        <input
          type="text"
          autocomplete="off"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </label>
      <Problem error={error} />
      <div class="actions">
        <button type="submit" class="danger" disabled={plainText(typed) !== name}>
          Delete
        </button>
        <button type="button" onClick={onCancel}>Cancel</button>
      </div>
    </form>
  );
}

/** A text as people see and type it: with single spaces, and composed letters. */
function plainText(text: string): string {
  return text.normalize("NFC").replace(/\s+/g, " ").trim();
}
