/** The edge at a glance: its servers, and what passes through it now. */
import type { JSX } from "preact";
import { sizeText, visibleText } from "../../text.ts";
import { Problem } from "../controls/problem.tsx";
import { durationText, type EdgeSnapshot, ratesOf } from "./edge_snapshot.ts";
import { Sparkline } from "./sparkline.tsx";
import { useEdge } from "./use_edge.ts";

export function Edge(): JSX.Element {
  const { snapshots, error } = useEdge();
  const last = snapshots.at(-1);
  const count = (value: number) => value.toLocaleString("en", { maximumFractionDigits: 1 });
  const tile = (
    title: string,
    valueOf: (snapshot: EdgeSnapshot) => number,
    format: (value: number) => string,
  ) => {
    const rates = ratesOf(snapshots, valueOf);
    return last && (
      <div>
        <dt>{title}</dt>
        <dd>
          {format(valueOf(last))} <span class="muted">{format(rates.at(-1) ?? 0)}/s</span>
          <Sparkline values={rates} />
        </dd>
      </div>
    );
  };
  const cache = last?.cache;
  return (
    <section class="edge" id="edge" aria-label="Edge">
      <Problem error={error} />
      <ul>
        {last?.servers.map(({ url, downFor }) => (
          <li key={url} data-status={downFor === null ? "active" : "killed"}>
            <bdi>{visibleText(url.replace(/^https?:\/\//, ""))}</bdi>{" "}
            <span class="muted">
              {downFor === null ? "Healthy" : `Cooling down for ${durationText(downFor)}`}
            </span>
          </li>
        ))}
      </ul>
      <dl>
        {tile("Requests", ({ requests }) => requests, count)}
        {tile("Sent", ({ sent }) => sent, sizeText)}
        {tile("Received", ({ received }) => received, sizeText)}
        {tile("Resumes", ({ resumes }) => resumes, count)}
        {cache && tile("From the cache", (snapshot) => snapshot.cache?.sent ?? 0, sizeText)}
        {cache && (
          <div>
            <dt>Cache hits</dt>
            <dd>
              {Math.round(100 * cache.hits / cache.requests)} %{" "}
              <span class="muted">of {count(cache.requests)} requests</span>
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}
