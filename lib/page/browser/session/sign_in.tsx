/** The form for a token. It stays in the memory of this tab, and disappears with it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";

export interface SignInProps {
  /** Whether the last token was refused. */
  readonly isRefused: boolean;
  readonly onToken: (token: string) => void;
}

export function SignIn({ isRefused, onToken }: SignInProps): JSX.Element {
  const [token, setToken] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    onToken(token.trim());
  };
  return (
    <form class="sign-in" onSubmit={submit}>
      <h2>Sign in</h2>
      <p>
        This cloud lists images for users only. Paste a token of Keystone; the command{" "}
        <code>openstack token issue -f value -c id</code>{" "}
        prints one. It is kept in the memory of this tab and nowhere else.
      </p>
      <label>
        Token
        <input
          type="password"
          autocomplete="off"
          required
          value={token}
          aria-describedby={isRefused ? "refused" : undefined}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
      </label>
      {isRefused && <p class="error" id="refused" role="alert">The token is not valid any more.</p>}
      <button type="submit" class="primary">Sign in</button>
    </form>
  );
}
