/** The explanation in an error response, up to a limit. */
import { assert, assertEquals } from "@std/assert";
import { explain } from "../../lib/http/explain.ts";
import { explanationIn } from "../../lib/http/on_demand/explanation.ts";
import { errorFromResponse } from "../../lib/http/response_errors.ts";
import { FakeBody, utf8 } from "../support/bodies.ts";

const REQUEST = { action: 'show image "42"', server: "https://glance", imageId: "42", attempts: 2 };

/** A body -> the explanation in it. */
const BODIES: readonly (readonly [body: string, sentence: string])[] = [
  ["", ""],
  ["  \n ", ""],
  ["plain words.", "plain words"],
  ["two\n  lines", "two lines"],
  ['{"message": "No image found with ID 42."}', "No image found with ID 42"],
  ['{"message": "No image.<br /><br />\\n\\n\\n", "code": "404"}', "No image"],
  [
    '{"error": {"message": "The request you have made requires authentication."}}',
    [
      "The request you have made requires authentication",
    ].join(),
  ],
  ['{"message": 42}', '{"message": 42}'],
  ['{"error": null}', '{"error": null}'],
  ['{"error": "text"}', '{"error": "text"}'],
  ["null", "null"],
  ["[1]", "[1]"],
  ['"text"', '"text"'],
  [
    "<html>\n <head>\n  <title>409 Conflict</title>\n </head>\n <body>\n  <h1>409 Conflict</h1>\n  In use.<br /><br />\n </body>\n</html>",
    "409 Conflict In use",
  ],
  ["<p>a &lt; b &amp;&amp; c &gt; d &quot;e&quot; &#39;f&#x27;</p>", "a < b && c > d \"e\" 'f'"],
  ["<p>&amp;lt;</p>", "&lt;"],
  ["<script>alert(1)</script ><b>x</b>", "x"],
  [
    '{"message": "This server could not verify that you are authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required.<br /><br />\\n\\n\\n", "code": "401 Unauthorized"}',
    "",
  ],
  ["1 < 2", "1 < 2"],
  ["a".repeat(401), `${"a".repeat(400)}…`],
  ["a".repeat(400), "a".repeat(400)],
];

for (const [body, sentence] of BODIES) {
  Deno.test(`explanationIn() finds the sentence in ${JSON.stringify(body.slice(0, 60))}`, () => {
    assertEquals(explanationIn(body), sentence);
  });
}

/** A body -> the explanation in it, without the secret. */
const REPEATED: readonly (readonly [body: string, sentence: string])[] = [
  ["no s3/cret here", "no *** here"],
  ['{"message": "no s3\\/cret here"}', "no *** here"],
  ["<p>s3/cret, s3/cret</p>", "***, ***"],
  [`${"a".repeat(398)}s3/cret`, `${"a".repeat(398)}**…`],
];

for (const [body, sentence] of REPEATED) {
  Deno.test(`explanationIn() redacts a secret that is repeated in ${body.slice(0, 30)}`, () => {
    assertEquals(explanationIn(body, ["other", "s3/cret"]), sentence);
  });
}

Deno.test("errorFromResponse() keeps the request id, the server and the attempts", async () => {
  const response = Response.json({ message: "gone" }, {
    status: 404,
    headers: { "x-openstack-request-id": "req-7" },
  });
  const error = await errorFromResponse(response, REQUEST);
  assertEquals(error.name, "ImageNotFound");
  assertEquals(error.message, 'Cannot show image "42": the server responded with 404, "gone"');
  const { requestId, server, attempts, imageId, status } = error;
  assertEquals([requestId, server, attempts], ["req-7", "https://glance", 2]);
  assertEquals([imageId, status], ["42", 404]);
  assert(response.bodyUsed);
});

Deno.test("errorFromResponse() reads the start of an endless body and cancels the rest", async () => {
  const body = new FakeBody(Array.from({ length: 1_000 }, () => new Uint8Array(1024).fill(65)));
  const error = await errorFromResponse(new Response(body.stream, { status: 500 }), REQUEST);
  assert(error.message.length < 600, error.message);
  assert(body.isOver);
  assertEquals(body.cancels.length, 1);
  assert(body.pulls < 50, `${body.pulls} pulls`);
});

Deno.test("errorFromResponse() handles a body that breaks, is empty, or is absent", async () => {
  const broken = new FakeBody([utf8("begin"), new TypeError("reset")]);
  for (const body of [broken.stream, null, ""]) {
    const error = await errorFromResponse(new Response(body, { status: 500 }), REQUEST);
    assertEquals(error.message, 'Cannot show image "42": the server responded with 500');
  }
});

Deno.test("errorFromResponse() reads UTF-8 that is split between two chunks", async () => {
  const bytes = utf8("größer");
  const body = new FakeBody([bytes.slice(0, 3), bytes.slice(3)]);
  const error = await errorFromResponse(new Response(body.stream, { status: 400 }), REQUEST);
  assert(error.message.endsWith('"größer"'), error.message);
});

Deno.test("errorFromResponse() hints that there may be no Image API when a 404 is not Glance's", async () => {
  const page =
    "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>";
  const hint = () => Promise.resolve("check the image id");
  const isNonGlancePage = async (body: string, headers: Record<string, string>) => {
    const response = new Response(body, { status: 404, headers });
    const { message } = await errorFromResponse(response, { ...REQUEST, hint });
    return message.endsWith(
      `; there is no Image API at "${REQUEST.server}"; set "apiServers" to its URL`,
    );
  };
  assertEquals(await isNonGlancePage(page, { "content-type": "text/html" }), true);
  for (const text of ["404 page not found\n", "Not Found", "no such route"]) {
    assertEquals(await isNonGlancePage(text, {}), true, text);
  }
  assertEquals(await isNonGlancePage(page, { "x-openstack-request-id": "req-1" }), false);
  assertEquals(await isNonGlancePage('{"message": "No image found"}', {}), false);
  const others = [
    '{"detail": "Not Found"}',
    '{"error": {"code": 404, "message": "Could not find", "title": "Not Found"}}',
    '{"message": "no Route matched with those values"}',
  ];
  for (const body of others) {
    assertEquals(await isNonGlancePage(body, {}), true, body);
    assertEquals(await isNonGlancePage(body, { "x-openstack-request-id": "req-1" }), false, body);
  }
});

Deno.test("explain() has only the facts of a response when its texts cannot be loaded", async () => {
  const refused = { status: 404, hint: "check the image id" };
  const explained = await explain("No image found", refused, [], () => Promise.resolve(null));
  assertEquals(explained, { explanation: "", hint: "check the image id" });
});
