/** The projects that an image is shared with. */
import type { JSX } from "preact";
import { LIST_MEMBERS } from "../../../api/operations/members_and_tags.ts";
import type { GlanceImage } from "../../../api/types.ts";
import { visibleText } from "../../text.ts";
import { request, type User } from "../gateway.ts";
import { Problem } from "../controls/problem.tsx";
import { useAnswer } from "../use_answer.ts";

export interface MembersProps {
  readonly user: User;
  readonly image: GlanceImage;
}

export function Members({ user, image: { id } }: MembersProps): JSX.Element {
  const { answer: members, error, retry } = useAnswer(
    (signal) => request(user, LIST_MEMBERS, [id], signal),
    [user, id],
  );
  return (
    <section>
      <h3>Shared with</h3>
      <Problem error={error} retry={retry} />
      {members?.length === 0 && <p class="muted">No project yet.</p>}
      <ul class="members">
        {members?.map(({ member_id, status }) => (
          <li key={member_id}>
            <bdi class="mono">{visibleText(member_id)}</bdi>
            <span class="muted">{visibleText(status)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
