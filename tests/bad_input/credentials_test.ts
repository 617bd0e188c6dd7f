/** Bad credentials, tokens and configuration. */
import {
  authenticate,
  AuthenticationFailed,
  connect,
  type Credentials,
  ImageNotAuthorized,
  Invalid,
  InvalidConfigurationValue,
  NotAuthorized,
} from "../../mod.ts";
import { UnexpectedStatus } from "../../lib/errors.ts";
import { FakeKeystone, refusal } from "../auth/fake_keystone.ts";
import { ALICE, OLD_TOKEN, PASSWORD, row, showFrom, testBadInput, TOKEN } from "./harness.ts";

/** Signs in at a Keystone with the given response. */
function signIn(credentials: Omit<Credentials, "authUrl">, response?: () => Response) {
  return () => {
    const keystone = new FakeKeystone();
    if (response !== undefined) keystone.responses.push(response);
    return authenticate({ authUrl: "https://keystone:5000/v3", ...credentials }, keystone.options);
  };
}

testBadInput([
  row(
    "authenticate()",
    "a wrong password",
    signIn(
      { username: "alice", password: PASSWORD, projectName: "demo" },
      () => refusal(401, `Invalid credentials ${PASSWORD}`),
    ),
    AuthenticationFailed,
    'user "alice"',
    'project "demo"',
    "refused with 401",
    "check the user, the password",
  ),
  row(
    "authenticate()",
    "a token that Keystone says has ended",
    signIn({ token: OLD_TOKEN, projectName: "demo" }, () => refusal(401, "The token has ended")),
    AuthenticationFailed,
    'project "demo"',
    "refused with 401",
    "sign in with a password or an application credential",
  ),
  row(
    "authenticate()",
    "no password",
    signIn({ username: "alice" }),
    InvalidConfigurationValue,
    'user "alice"',
    '"password" is missing',
    "OS_PASSWORD",
  ),
  row(
    "authenticate()",
    "an auth URL with a password",
    () =>
      authenticate({
        authUrl: `https://me:${PASSWORD}@keystone`,
        username: "alice",
        password: PASSWORD,
      }),
    InvalidConfigurationValue,
    "auth URL",
    "OS_AUTH_URL",
  ),
  row(
    "show()",
    "a token that Glance says has ended",
    ({ service }) => service.show({ ...ALICE, authToken: OLD_TOKEN }, "42"),
    ImageNotAuthorized,
    'image "42"',
    "401",
    "sign in again",
  ),
  row(
    "detail()",
    "a list with a token that has ended",
    ({ service }) => service.detail({ ...ALICE, authToken: OLD_TOKEN }),
    NotAuthorized,
    "list images",
    "401",
  ),
  row(
    "show()",
    "a token with a line break",
    ({ service }) => service.show({ ...ALICE, authToken: `${TOKEN}\n` + OLD_TOKEN }, "42"),
    Invalid,
    "token",
    "correct the context",
  ),
  row(
    "show()",
    "a request id of 65 characters",
    ({ service }) => service.show({ ...ALICE, globalRequestId: "x".repeat(65) }, "42"),
    Invalid,
    "at most 64 printable ASCII characters",
    '"globalRequestId"',
  ),
  row(
    "show()",
    "a server that repeats the token",
    showFrom(() => new Response(`debug: ${TOKEN}`, { status: 500 })),
    UnexpectedStatus,
    'responded with 500, "debug: ***"',
  ),
  row(
    "connect()",
    "no configuration",
    () => connect({ environment: {} }),
    InvalidConfigurationValue,
    "nothing is configured",
    "OS_CLOUD",
    "OS_AUTH_URL",
    "GLANCE_API_SERVERS",
  ),
  row(
    "connect()",
    "a cloud that is in no file",
    () => connect({ environment: { OS_CLOUD: "nowhere", HOME: "/nonexistent" } }),
    InvalidConfigurationValue,
    '"nowhere"',
    "OS_CLIENT_CONFIG_FILE",
  ),
]);
