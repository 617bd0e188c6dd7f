/** Who is signed in: the project, and how to change or leave it. */
import type { JSX } from "preact";
import { visibleText } from "../../text.ts";
import { useAction } from "../use_action.ts";
import type { SessionUser } from "./session.ts";

export interface AccountProps {
  readonly user: SessionUser;
  readonly onUser: (user: SessionUser) => void;
  readonly onSignOut: () => void;
}

export function Account({ user, onUser, onSignOut }: AccountProps): JSX.Element {
  const { context: { projectId }, name, projects, endsAt } = user;
  const { isRunning, error, run } = useAction();
  const hasTwins = new Set(projects.map((project) => project.name)).size < projects.length;
  return (
    <div class="account">
      {error !== null && (
        <span class="error" role="alert">{visibleText(String((error as Error).message))}</span>
      )}
      {endsAt !== undefined && <span class="muted">until {endsAt.toTimeString().slice(0, 5)}</span>}
      {name !== undefined && <bdi class="host">{visibleText(name)}</bdi>}
      <select
        aria-label="Project"
        aria-disabled={isRunning}
        value={projectId ?? ""}
        onChange={(event) => {
          const { value } = event.currentTarget;
          // The list shows the project whose images are shown, until the other one is ready.
          event.currentTarget.value = projectId ?? "";
          run(async () => onUser(await user.switchTo(value)));
        }}
      >
        {projectId === undefined && <option value="">No project</option>}
        {projects.map((project) => (
          <option key={project.id} value={project.id}>
            {visibleText(project.name)}
            {hasTwins && ` (${project.id.slice(0, 8)})`}
          </option>
        ))}
      </select>
      <button type="button" onClick={onSignOut}>Sign out</button>
    </div>
  );
}
