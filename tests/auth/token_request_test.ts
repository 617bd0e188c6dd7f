import { assertEquals, assertThrows } from "@std/assert";
import { authRequest } from "../../lib/auth/token_request.ts";
import { type Credentials, describe, methodOf } from "../../lib/auth/credentials.ts";
import { InvalidConfigurationValue } from "../../lib/errors.ts";

type Given = Omit<Credentials, "authUrl">;

const authUrl = "http://keystone:5000/v3";
const ALICE = { username: "alice", password: "p" };

const BODIES: readonly (readonly [claim: string, given: Given, auth: unknown])[] = [
  ["names a user by name and the default domain", ALICE, {
    identity: {
      methods: ["password"],
      password: { user: { name: "alice", domain: { id: "default" }, password: "p" } },
    },
  }],
  ["names a user by id, without a domain", { userId: "u1", username: "x", password: "p" }, {
    identity: { methods: ["password"], password: { user: { id: "u1", password: "p" } } },
  }],
  [
    "names the domains of user and project",
    { ...ALICE, userDomainName: "Sales", projectName: "demo", projectDomainId: "d1" },
    {
      identity: {
        methods: ["password"],
        password: { user: { name: "alice", domain: { name: "Sales" }, password: "p" } },
      },
      scope: { project: { name: "demo", domain: { id: "d1" } } },
    },
  ],
  [
    "uses the named default domain for user and project",
    { ...ALICE, projectName: "demo", defaultDomainName: "Sales" },
    {
      identity: {
        methods: ["password"],
        password: { user: { name: "alice", domain: { name: "Sales" }, password: "p" } },
      },
      scope: { project: { name: "demo", domain: { name: "Sales" } } },
    },
  ],
  ["exchanges a token", { token: "t", projectId: "p1", defaultDomainId: "d" }, {
    identity: { methods: ["token"], token: { id: "t" } },
    scope: { project: { id: "p1" } },
  }],
  ["requests a domain scope", { token: "t", domainName: "Sales" }, {
    identity: { methods: ["token"], token: { id: "t" } },
    scope: { domain: { name: "Sales" } },
  }],
  ["requests the system scope", { token: "t", systemScope: "all" }, {
    identity: { methods: ["token"], token: { id: "t" } },
    scope: { system: { all: true } },
  }],
  [
    "uses an application credential by id",
    { applicationCredentialId: "a1", applicationCredentialSecret: "s" },
    {
      identity: {
        methods: ["application_credential"],
        application_credential: { id: "a1", secret: "s" },
      },
    },
  ],
  [
    "uses an application credential by name and user",
    {
      applicationCredentialName: "robot",
      applicationCredentialSecret: "s",
      username: "alice",
      userDomainId: "d1",
    },
    {
      identity: {
        methods: ["application_credential"],
        application_credential: {
          name: "robot",
          user: { name: "alice", domain: { id: "d1" } },
          secret: "s",
        },
      },
    },
  ],
  ["treats an empty string as absent", { ...ALICE, userId: "", projectId: "", projectName: "" }, {
    identity: {
      methods: ["password"],
      password: { user: { name: "alice", domain: { id: "default" }, password: "p" } },
    },
  }],
];

for (const [claim, given, auth] of BODIES) {
  Deno.test(`authRequest() ${claim}`, () => {
    assertEquals<unknown>(authRequest({ authUrl, ...given }), { auth });
  });
}

const REFUSED: readonly (readonly [given: Given, message: string])[] = [
  [{}, 'Cannot authenticate with a password: "username" is missing; set it, or OS_USERNAME'],
  [{ username: "alice" }, 'as user "alice": "password" is missing; set it, or OS_PASSWORD'],
  [{ password: "p" }, '"username" is missing'],
  [{ method: "token" }, '"token" is missing'],
  [{ applicationCredentialSecret: "s" }, '"applicationCredentialId" is missing'],
  [{ applicationCredentialId: "a1" }, "OS_APPLICATION_CREDENTIAL_SECRET"],
  [
    { applicationCredentialName: "robot", applicationCredentialSecret: "s" },
    "auth.username in clouds.yaml",
  ],
  [
    { ...ALICE, projectId: "p1", domainId: "d1" },
    "more than one scope is requested (project and domain)",
  ],
  [
    { ...ALICE, projectId: "p1", systemScope: "all" },
    "more than one scope is requested (project and system)",
  ],
  [
    { applicationCredentialId: "a1", applicationCredentialSecret: "s", projectName: "demo" },
    "is bound to a project",
  ],
  // A configuration from JavaScript may not match its type.
  [{ ...ALICE, systemScope: "some" as "all" }, 'must be "all"'],
  [{ ...ALICE, method: "magic" as "token" }, '"password", "applicationCredential", "token"'],
];

for (const [given, message] of REFUSED) {
  Deno.test(`authRequest() refuses ${JSON.stringify(given)}`, () => {
    assertThrows(() => authRequest({ authUrl, ...given }), InvalidConfigurationValue, message);
  });
}

Deno.test("methodOf() returns the method whose secret is given, password first", () => {
  const secret = { applicationCredentialSecret: "s" };
  assertEquals(methodOf({ authUrl, password: "p", token: "t", ...secret }), "password");
  assertEquals(methodOf({ authUrl, token: "t", ...secret }), "applicationCredential");
  assertEquals(methodOf({ authUrl, token: "t" }), "token");
  assertEquals(methodOf({ authUrl, token: "t", method: "password" }), "password");
});

Deno.test("describe() names the user and the scope, and no secret", () => {
  const cases: readonly (readonly [Given, string])[] = [
    [{ ...ALICE, projectName: "demo" }, 'as user "alice" for project "demo"'],
    [{ userId: "u1", password: "p", domainId: "d1" }, 'as user "u1" for domain "d1"'],
    [{ token: "t", systemScope: "all" }, "with a token for the system"],
    [
      { applicationCredentialId: "a1", applicationCredentialSecret: "s" },
      'with application credential "a1"',
    ],
    [{ applicationCredentialSecret: "s" }, "with application credential"],
  ];
  for (const [given, text] of cases) assertEquals(describe({ authUrl, ...given }), text);
});
