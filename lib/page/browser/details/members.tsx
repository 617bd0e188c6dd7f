/** The projects that an image is shared with. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import {
  ADD_MEMBER,
  LIST_MEMBERS,
  REMOVE_MEMBER,
  UPDATE_MEMBER,
} from "../../../api/operations/members_and_tags.ts";
import type { GlanceImage } from "../../../api/types.ts";
import { visibleText } from "../../text.ts";
import { Problem } from "../controls/problem.tsx";
import { IS_READ_ONLY, request, type User } from "../gateway.ts";
import { useAction } from "../use_action.ts";
import { useRequest } from "../use_request.ts";

export interface MembersProps {
  readonly user: User;
  readonly image: GlanceImage;
}

export function Members({ user, image: { id, owner } }: MembersProps): JSX.Element {
  const { result: members, error, retry } = useRequest(
    (signal) => request(user, LIST_MEMBERS, [id], signal),
    [user, id],
  );
  const [project, setProject] = useState("");
  const { isRunning, error: failure, run } = useAction();
  const change = (send: () => Promise<unknown>) =>
    run(async () => {
      await send();
      retry();
    });
  const share = (event: Event) => {
    event.preventDefault();
    change(async () => {
      await request(user, ADD_MEMBER, [id, project.trim()]);
      setProject("");
    });
  };
  const own = user.context.projectId;
  // Without an account, the gateway may do both; Glance decides.
  const isOwner = !IS_READ_ONLY && (own === undefined || own === owner);
  return (
    <section>
      <h3>Shared with</h3>
      <Problem error={error} retry={retry} />
      <ul class="members" aria-live="polite">
        {members?.length === 0 && <li class="muted">No project yet.</li>}
        {members?.map(({ member_id, status }) => {
          const name = visibleText(member_id);
          const set = (value: "accepted" | "rejected") =>
            change(() => request(user, UPDATE_MEMBER, [id, member_id, value]));
          const isMember = !IS_READ_ONLY && (own === undefined || own === member_id);
          return (
            <li key={member_id}>
              <bdi class="mono">{name}</bdi>
              <span class="muted">{visibleText(status)}</span>
              {isMember && status !== "accepted" && (
                <button
                  type="button"
                  aria-label={`Accept for ${name}`}
                  onClick={() => set("accepted")}
                >
                  Accept
                </button>
              )}
              {isMember && status !== "rejected" && (
                <button
                  type="button"
                  aria-label={`Reject for ${name}`}
                  onClick={() => set("rejected")}
                >
                  Reject
                </button>
              )}
              {isOwner && (
                <button
                  type="button"
                  aria-label={`Remove ${name}`}
                  onClick={() => change(() => request(user, REMOVE_MEMBER, [id, member_id]))}
                >
                  Remove
                </button>
              )}
            </li>
          );
        })}
      </ul>
      <Problem error={failure} />
      {isOwner && (
        <form class="inline" onSubmit={share}>
          <input
            type="text"
            required
            aria-label="Project to share with"
            placeholder="Project id"
            value={project}
            onInput={(event) => setProject(event.currentTarget.value)}
          />
          <button type="submit" aria-disabled={isRunning}>Share</button>
        </form>
      )}
    </section>
  );
}
