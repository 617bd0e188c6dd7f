/** What each alert rule needs to fire, and what it must ignore, for `promtool test rules`. */

/** Series by name and labels, with values in the notation of promtool, one per minute. */
type InputSeries = Readonly<Record<string, string>>;

/** A case of one alert. */
export interface AlertCase {
  readonly alert: string;
  readonly claim: string;
  readonly series: InputSeries;
  /** Minutes after which the alerts are compared. */
  readonly minutes: number;
  /** Labels of the alerts that fire, besides the severity, the job and the instance. */
  readonly firing: readonly Readonly<Record<string, string>>[];
}

const OF_GATEWAY = 'job="glance-edge",instance="gateway:9292"';
const requests = (status: number) =>
  `glance_edge_requests_total{${OF_GATEWAY},method="GET",path="/v2/images",status="${status}"}`;
const bucket = (le: string) =>
  `glance_edge_response_start_seconds_bucket{${OF_GATEWAY},method="GET",path="/v2/images",le="${le}"}`;
const ofServer = (name: string, server: string) =>
  `glance_edge_${name}{${OF_GATEWAY},server="http://${server}:9292"}`;

export const ALERT_CASES: readonly AlertCase[] = [
  {
    alert: "GlanceEdgeDown",
    claim: "fires when a gateway cannot be scraped",
    series: { [`up{${OF_GATEWAY}}`]: "1 0x5" },
    minutes: 4,
    firing: [{}],
  },
  {
    alert: "GlanceEdgeDown",
    claim: "ignores one failed scrape, and other jobs",
    series: { [`up{${OF_GATEWAY}}`]: "1 0 1x5", 'up{job="node",instance="a"}': "0x6" },
    minutes: 5,
    firing: [],
  },
  {
    alert: "GlanceEdgeServerFailing",
    claim: "fires for the server whose requests fail",
    series: {
      [ofServer("server_up", "a")]: "1 0x9",
      [ofServer("cooldowns_total", "a")]: "0 2+2x9",
      [ofServer("server_up", "b")]: "1x9",
      [ofServer("cooldowns_total", "b")]: "0x9",
    },
    minutes: 6,
    firing: [{ server: "http://a:9292" }],
  },
  {
    alert: "GlanceEdgeServerFailing",
    claim: "ignores a server that is not asked any more",
    series: {
      [ofServer("server_up", "a")]: "1 0x29",
      [ofServer("cooldowns_total", "a")]: "0 1x29",
    },
    minutes: 25,
    firing: [],
  },
  {
    alert: "GlanceEdgeErrors",
    claim: "fires when 6.25 % of the requests fail",
    series: { [requests(200)]: "0+900x20", [requests(503)]: "0+60x20" },
    minutes: 15,
    firing: [{}],
  },
  {
    alert: "GlanceEdgeErrors",
    claim: "ignores refusals, unknown methods and a few errors",
    series: {
      [requests(200)]: "0+900x20",
      [requests(404)]: "0+900x20",
      [requests(501)]: "0+900x20",
      [requests(502)]: "0+90x20",
    },
    minutes: 15,
    firing: [],
  },
  {
    alert: "GlanceEdgeDownloadsAborted",
    claim: "fires after one download was cut off",
    series: { [`glance_edge_responses_total{${OF_GATEWAY},outcome="aborted"}`]: "0 0 1x9" },
    minutes: 5,
    firing: [{ outcome: "aborted" }],
  },
  {
    alert: "GlanceEdgeDownloadsAborted",
    claim: "ignores downloads that clients cancel, and ends after ten minutes",
    series: {
      [`glance_edge_responses_total{${OF_GATEWAY},outcome="aborted"}`]: "0 1x29",
      [`glance_edge_responses_total{${OF_GATEWAY},outcome="canceled"}`]: "0+9x29",
    },
    minutes: 20,
    firing: [],
  },
  {
    alert: "GlanceEdgeSlow",
    claim: "fires when 5 % of the responses of a path start after more than 10 s",
    series: { [bucket("10")]: "0+90x20", [bucket("30")]: "0+100x20", [bucket("+Inf")]: "0+100x20" },
    minutes: 15,
    firing: [{ path: "/v2/images" }],
  },
  {
    alert: "GlanceEdgeSlow",
    claim: "ignores single slow responses",
    series: { [bucket("10")]: "0+99x20", [bucket("30")]: "0+100x20", [bucket("+Inf")]: "0+100x20" },
    minutes: 15,
    firing: [],
  },
];
