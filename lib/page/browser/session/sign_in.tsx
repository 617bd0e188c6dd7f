/** The form to sign in. Nothing that is typed leaves the memory of this tab, except to the gateway. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Problem } from "../controls/problem.tsx";
import { HAS_SIGN_IN } from "../gateway.ts";
import { useAction } from "../use_action.ts";
import type { SessionForm } from "./session.ts";

export interface SignInProps {
  /** Why the last session ended; null if there was none. */
  readonly reason: unknown;
  readonly onForm: (form: SessionForm) => Promise<void>;
}

/** The methods, with the names, titles, and other attributes of their fields. */
const METHODS: Readonly<Record<string, readonly FieldProps[]>> = {
  Password: [
    { name: "username", title: "User", autocomplete: "username" },
    { name: "password", title: "Password", isSecret: true, autocomplete: "current-password" },
    { name: "defaultDomainName", title: "Domain", placeholder: "Default", required: false },
    { name: "projectName", title: "Project", placeholder: "Your default project", required: false },
  ],
  "Application credential": [
    { name: "applicationCredentialId", title: "ID" },
    { name: "applicationCredentialSecret", title: "Secret", isSecret: true },
  ],
  Token: [{ name: "token", title: "Token", isSecret: true }],
};

const INSECURE = "This connection is not encrypted. Others may read what you type.";

const NAMES = Object.keys(METHODS);

export function SignIn({ reason, onForm }: SignInProps): JSX.Element {
  const [method, setMethod] = useState(HAS_SIGN_IN ? "Password" : "Token");
  const { isRunning, error, run } = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    form.delete("method");
    run(() => onForm(Object.fromEntries(form) as SessionForm));
  };
  return (
    <form class="sign-in" onSubmit={submit}>
      <h2>Sign in</h2>
      {HAS_SIGN_IN && (
        <fieldset class="methods">
          <legend class="hidden-text">Sign in with</legend>
          {NAMES.map((name) => (
            <label key={name}>
              <input
                type="radio"
                name="method"
                value={name}
                checked={name === method}
                onChange={() => setMethod(name)}
              />
              {name}
            </label>
          ))}
        </fieldset>
      )}
      {METHODS[method]?.map((field) => <Field key={field.name} {...field} />)}
      {method === "Token" && (
        <p>
          <code>openstack token issue -f value -c id</code> prints one.
        </p>
      )}
      {!isSecureContext && <Problem error={INSECURE} />}
      <Problem error={error ?? reason} />
      <button type="submit" class="primary" aria-disabled={isRunning}>
        {isRunning ? "Signing in …" : "Sign in"}
      </button>
      <p>What you type is kept in this tab until you sign out.</p>
    </form>
  );
}

interface FieldProps extends Pick<JSX.IntrinsicElements["input"], "autocomplete" | "placeholder"> {
  readonly name: string;
  readonly title: string;
  readonly isSecret?: boolean;
  readonly required?: boolean;
}

function Field({ title, isSecret, ...attributes }: FieldProps): JSX.Element {
  // The types distinguish roles by it, and this field has none.
  const type = (isSecret ? "password" : "text") as "text";
  return (
    <label>
      {title}
      <input type={type} autocomplete="off" required {...attributes} />
    </label>
  );
}
