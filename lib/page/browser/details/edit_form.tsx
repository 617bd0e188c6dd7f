/** Edits an image: name, visibility, protection, tags, and custom properties. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { UPDATE_IMAGE } from "../../../api/operations/images.ts";
import { type GlanceImage, IMAGE_VISIBILITIES, type ImageVisibility } from "../../../api/types.ts";
import { focusOn } from "../controls/focus.ts";
import { Icon } from "../controls/icons.tsx";
import { Problem } from "../controls/problem.tsx";
import { useAction } from "../use_action.ts";
import { useRequest } from "../use_request.ts";
import { request, type User } from "../gateway.ts";
import { editedFrom, type EditedImage, patchFor } from "./image_patch.ts";
import { propertyHints } from "./property_hints.ts";

export interface EditFormProps {
  readonly user: User;
  readonly image: GlanceImage;
  readonly onSaved: (image: GlanceImage) => void;
  readonly onCancel: () => void;
}

export function EditForm({ user, image, onSaved, onCancel }: EditFormProps): JSX.Element {
  // What others change meanwhile is not changed back.
  const [before] = useState(image);
  const [edited, setEdited] = useState(() => editedFrom(image));
  const change = (values: Partial<EditedImage>) => setEdited({ ...edited, ...values });
  const { isRunning, error, run } = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    const patch = patchFor(before, edited);
    run(async () => {
      onSaved(patch.length === 0 ? image : await request(user, UPDATE_IMAGE, [image.id, patch]));
    });
  };
  return (
    <form class="edit" onSubmit={submit}>
      <label>
        Name
        <input
          type="text"
          maxLength={255}
          value={edited.name}
          onInput={(event) => change({ name: event.currentTarget.value })}
        />
      </label>
      <label>
        Visibility
        <select
          value={edited.visibility}
          onChange={(event) => change({ visibility: event.currentTarget.value as ImageVisibility })}
        >
          {IMAGE_VISIBILITIES.map((value) => <option key={value} value={value}>{value}</option>)}
        </select>
      </label>
      <label>
        Tags, separated by commas
        <input
          type="text"
          value={edited.tags}
          onInput={(event) => change({ tags: event.currentTarget.value })}
        />
      </label>
      {([["protected", "Protected from deletion"], ["os_hidden", "Hidden in lists"]] as const)
        .map(([key, title]) => (
          <label key={key} class="check">
            <input
              type="checkbox"
              checked={edited[key]}
              onChange={(event) => change({ [key]: event.currentTarget.checked })}
            />
            {title}
          </label>
        ))}
      <PropertyFields user={user} edited={edited} change={change} />
      <Problem error={error} />
      <div class="actions">
        <button type="submit" class="primary" aria-disabled={isRunning}>Save</button>
        <button type="button" onClick={onCancel}>Cancel</button>
      </div>
    </form>
  );
}

interface PropertyFieldsProps {
  readonly user: User;
  readonly edited: EditedImage;
  readonly change: (values: Partial<EditedImage>) => void;
}

function PropertyFields({ user, edited: { properties }, change }: PropertyFieldsProps) {
  // Without hints, properties can be edited as well.
  const { result: hints } = useRequest((signal) => propertyHints(user, signal), [user]);
  const set = (index: number, pair: readonly [string, string]) =>
    change({ properties: properties.map((each, i) => i === index ? pair : each) });
  return (
    <fieldset>
      <legend>Properties</legend>
      <datalist id="properties">
        {hints?.map(({ name, title }) => <option key={name} value={name}>{title}</option>)}
      </datalist>
      {properties.map(([name, value], i) => {
        const hint = hints?.find((each) => each.name === name);
        return (
          <div key={i} class="property">
            <input
              type="text"
              aria-label={`Name of property ${i + 1}`}
              list="properties"
              placeholder="Name"
              value={name}
              onInput={(event) => set(i, [event.currentTarget.value, value])}
            />
            <input
              type="text"
              aria-label={`Value of property ${i + 1}`}
              list={`values-${i}`}
              placeholder="Value"
              value={value}
              onInput={(event) => set(i, [name, event.currentTarget.value])}
            />
            <button
              type="button"
              class="square plain"
              aria-label={`Remove property ${i + 1}`}
              onClick={() => change({ properties: properties.filter((_, j) => j !== i) })}
            >
              <Icon name="close" />
            </button>
            <datalist id={`values-${i}`}>
              {hint?.values.map((value) => <option key={value} value={value} />)}
            </datalist>
            {hint?.description && <p class="muted">{hint.description}</p>}
          </div>
        );
      })}
      <button
        type="button"
        onClick={() => {
          change({ properties: [...properties, ["", ""]] });
          setTimeout(() => focusOn(".property:last-of-type input"));
        }}
      >
        Add a property
      </button>
    </fieldset>
  );
}
