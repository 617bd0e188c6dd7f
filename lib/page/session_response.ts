/**
 * Handles the page's requests to sign in and out. Only the page itself can send them: a request of another origin is
 * refused. Secrets are in no log and no error.
 */
import type { BodyFault, BufferedBody } from "../http/body_budget.ts";
import type { PageSignIn, SignInForm } from "./keystone_sign_in.ts";

/** The parts of the gateway that a sign-in uses. */
export interface SessionInput {
  readonly request: Request;
  /** Null if the page offers no sign-in. */
  readonly signIn: PageSignIn | null;
  readonly publicEndpoint: string | null;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** Reads the body of the request, within limits. */
  readonly readBody: () => Promise<BufferedBody>;
  /** Logs an error that is not sent to the page. */
  readonly report: (error: unknown) => void;
}

/** The fields that the page may send; the URL of Keystone is not one of them. */
const FIELDS: readonly (keyof SignInForm)[] = [
  "username",
  "password",
  "defaultDomainName",
  "projectName",
  "projectId",
  "applicationCredentialId",
  "applicationCredentialSecret",
  "token",
];

const HEADERS = {
  "cache-control": "no-store",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

/** The statuses and texts of refused bodies. */
const BODY_FAULTS: Readonly<Record<BodyFault, readonly [number, string]>> = {
  "incomplete": [400, "Cannot sign in: the form is incomplete; try again"],
  "too large": [413, "Cannot sign in: the form is too large"],
  "too slow": [408, "Cannot sign in: the form did not arrive in time; try again"],
  "over budget": [503, "Cannot sign in: many users are signing in; try again later"],
};

const INVALID_FORM = [400, "Cannot sign in: the form is invalid; fill in its fields"] as const;

/** Handles `POST` (sign in) and `DELETE` (sign out) of the session; null for other methods, and without a sign-in. */
export async function sessionResponse(input: SessionInput): Promise<Response | null> {
  const { request: { method, headers }, signIn } = input;
  if (signIn === null || method !== "POST" && method !== "DELETE") return null;
  if (!isOwnPage(input)) return failed(403, "Cannot sign in: the request is from another origin");
  try {
    if (method === "POST") return await signInResponse(input, signIn);
    await signIn.signOut(headers.get("x-auth-token") ?? "");
    return new Response(null, { status: 204, headers: HEADERS });
  } catch (error) {
    const known = failureOf(error);
    if (known === null) throw error;
    input.report(error);
    return failed(...known);
  }
}

/** Whether the page of this gateway has sent the request, or a program that is not a browser. */
function isOwnPage({ request: { url, headers }, publicEndpoint }: SessionInput): boolean {
  const [origin, site] = [headers.get("origin"), headers.get("sec-fetch-site")];
  // It also distinguishes the schemes, which a proxy that terminates TLS conceals.
  if (site !== null && site !== "same-origin") return false;
  if (origin === null) return true;
  if (publicEndpoint !== null && new URL(publicEndpoint).origin === origin) return true;
  return URL.canParse(origin) &&
    [new URL(url).host, headers.get("host")].includes(new URL(origin).host);
}

async function signInResponse(
  { request, readBody, wallClock }: SessionInput,
  signIn: PageSignIn,
): Promise<Response> {
  // Without a preflight, a page of another origin can send text and forms only.
  const type = request.headers.get("content-type") ?? "";
  const form = /^application\/json\b/i.test(type) ? formIn(await readBody()) : null;
  if (form === null) return failed(...INVALID_FORM);
  const { context: { authToken, projectId, expiresAt }, projects } = await signIn.signIn(form);
  const isUsable = projectId !== undefined || projects.length > 0;
  if (!isUsable) {
    return failed(
      403,
      "Cannot sign in: the user has a role in no project; name a domain or project",
    );
  }
  // A duration, since the clock of the browser may be wrong.
  const expiresIn = expiresAt === undefined ? null : expiresAt.getTime() - wallClock();
  const session = { token: authToken, expiresIn, projectId, projects };
  return Response.json(session, { status: 201, headers: HEADERS });
}

/** The form in a body; null if it is not one. */
function formIn({ bytes, release }: BufferedBody): SignInForm | null {
  try {
    const values: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof values !== "object" || values === null) return null;
    const given = FIELDS.flatMap((name) => {
      const value: unknown = Reflect.get(values, name);
      return typeof value === "string" && value !== "" ? [[name, value]] : [];
    });
    return Object.fromEntries(given);
  } catch {
    return null;
  } finally {
    release();
  }
}

/** The status and the text for an error; null for a defect. */
function failureOf(error: unknown): readonly [number, string] | null {
  if (!(error instanceof Error)) return null;
  // The classes are those of the caller, which loads this module on demand.
  const { name, message, fault, status } = error as Error & {
    readonly fault?: BodyFault;
    readonly status?: number;
  };
  if (fault !== undefined) return BODY_FAULTS[fault];
  if (status === 429) {
    return [429, "Cannot sign in: Keystone accepts no more attempts for now; try again later"];
  }
  if (name === "AuthenticationFailed") return [401, refusedText(message)];
  if (name.startsWith("Invalid") && (status ?? 400) === 400) return INVALID_FORM;
  const isKnown = "attempts" in error;
  return isKnown
    ? [502, "Cannot sign in: Keystone gave no usable response; try again later"]
    : null;
}

function refusedText(message: string): string {
  return message.includes("another factor")
    ? "Cannot sign in: Keystone requires another factor; use an application credential"
    : "Cannot sign in: Keystone refused it; check each field, and whether the user has a role in the project";
}

function failed(status: number, message: string): Response {
  return Response.json({ message }, { status, headers: HEADERS });
}
