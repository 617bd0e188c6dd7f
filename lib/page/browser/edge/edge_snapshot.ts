/** Reads the metrics of the gateway, in Prometheus' text format. Pure. */

/** A server of the gateway. */
export interface EdgeServer {
  readonly url: string;
  /** Milliseconds since its first failure after its last response; null if it works. */
  readonly downFor: number | null;
}

/** The metrics at one time. */
export interface EdgeSnapshot {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly servers: readonly EdgeServer[];
  readonly requests: number;
  /** Bytes of image data. */
  readonly sent: number;
  readonly received: number;
  readonly resumes: number;
  /** Requests through the cache, those of them without the image service, and its bytes; null without a cache. */
  readonly cache: {
    readonly requests: number;
    readonly hits: number;
    readonly sent: number;
  } | null;
}

interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Makes a snapshot of the text of `/metrics`. `gatewayTime` is the time by the clock of the gateway. */
export function snapshotOf(text: string, time: number, gatewayTime = time): EdgeSnapshot {
  const samples = samplesIn(text);
  const of = (name: string) => samples.get(name) ?? [];
  const total = (name: string, label?: string, value?: string) =>
    of(name).filter(({ labels }) => label === undefined || labels[label] === value)
      .reduce((sum, sample) => sum + sample.value, 0);
  const failures = of("server_failed_timestamp_seconds");
  const requests = total("cache_requests_total");
  return {
    time,
    servers: of("server_up").map(({ labels: { server: url = "" }, value }) => {
      const failure = failures.find(({ labels }) => labels["server"] === url);
      const downFor = Math.max(0, gatewayTime - (failure?.value ?? 0) * 1000);
      return { url, downFor: value === 1 ? null : downFor };
    }),
    requests: total("requests_total"),
    sent: total("sent_bytes_total"),
    received: total("received_bytes_total"),
    resumes: total("resumes_total"),
    cache: requests === 0 ? null : {
      requests,
      hits: total("cache_requests_total", "result", "hit"),
      sent: total("cache_sent_bytes_total"),
    },
  };
}

/** The increase per second between each two snapshots; a gateway that was restarted begins with 0. */
export function ratesOf(
  snapshots: readonly EdgeSnapshot[],
  valueOf: (snapshot: EdgeSnapshot) => number,
): readonly number[] {
  return snapshots.slice(1).map((snapshot, i) => {
    const previous = snapshots[i] ?? snapshot;
    const seconds = (snapshot.time - previous.time) / 1000;
    return seconds > 0 ? Math.max(0, valueOf(snapshot) - valueOf(previous)) / seconds : 0;
  });
}

/** A duration, such as `12 s`, `3 min`, or `2 h`. */
export function durationText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function samplesIn(text: string): ReadonlyMap<string, readonly MetricSample[]> {
  const samples = new Map<string, MetricSample[]>();
  for (
    const [, name = "", labels = "", value] of text.matchAll(
      /^glance_edge_(\w+)(?:\{(.*)\})? (\S+)$/gm,
    )
  ) {
    const all = samples.get(name) ?? [];
    samples.set(name, all);
    all.push({ labels: labelsIn(labels), value: Number(value) });
  }
  return samples;
}

function labelsIn(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)];
  return Object.fromEntries(
    pairs.map(([, name = "", value = ""]) => [
      name,
      value.replace(/\\(.)/g, (_, unit) => unit === "n" ? "\n" : unit),
    ]),
  );
}
