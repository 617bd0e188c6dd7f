import { assertEquals } from "@std/assert";
import {
  durationText,
  ratesOf,
  snapshotOf,
} from "../../../../lib/page/browser/edge/edge_snapshot.ts";

const TEXT = `# HELP glance_edge_requests_total Requests answered.
# TYPE glance_edge_requests_total counter
glance_edge_requests_total{method="GET",path="/v2/images",status="200"} 7
glance_edge_requests_total{method="GET",path="/v2/images/{image_id}",status="404"} 2
glance_edge_sent_bytes_total{server="http://a:9292"} 1e6
glance_edge_sent_bytes_total{server="http://b:9292"} 24
glance_edge_resumes_total{server="http://b:9292"} 3
glance_edge_server_up{server="http://a:9292"} 0
glance_edge_server_up{server="http://b:9292/\\"x\\",}\\\\\\n"} 1
glance_edge_server_failed_timestamp_seconds{server="http://a:9292"} 1000.5
glance_edge_cache_requests_total{result="hit"} 3
glance_edge_cache_requests_total{result="miss"} 1
glance_edge_cache_sent_bytes_total{} 512
unrelated_metric 5
`;

Deno.test("snapshotOf() adds up counters, and reads the states of the servers", () => {
  assertEquals(snapshotOf(TEXT, 5, 1_012_500), {
    time: 5,
    servers: [
      { url: "http://a:9292", downFor: 12_000 },
      { url: 'http://b:9292/"x",}\\\n', downFor: null },
    ],
    requests: 9,
    sent: 1_000_024,
    received: 0,
    resumes: 3,
    cache: { requests: 4, hits: 3, sent: 512 },
  });
});

Deno.test("snapshotOf() has no cache if no request was served from one, and accepts other texts", () => {
  for (const text of ["", "<html>", "glance_edge_requests_total{ 5", "glance_edge_server_up 1"]) {
    assertEquals(snapshotOf(text, 0).cache, null);
  }
});

Deno.test("ratesOf() returns the increase per second, and 0 after a restart", () => {
  const at = (time: number, requests: number) => ({ ...snapshotOf("", time), requests });
  const snapshots = [at(0, 10), at(2_000, 20), at(4_000, 3), at(4_000, 9), at(5_000, 10)];
  assertEquals(ratesOf(snapshots, ({ requests }) => requests), [5, 0, 0, 1]);
  assertEquals(ratesOf([], ({ requests }) => requests), []);
});

Deno.test("durationText() uses seconds, minutes and hours", () => {
  const texts = [0, 12_400, 119_000, 121_000, 7_000_000, 7_200_000].map(durationText);
  assertEquals(texts, ["0 s", "12 s", "119 s", "2 min", "117 min", "2 h"]);
});
