/** Requests the metrics of the gateway as long as they are shown. */
import { useEffect, useState } from "preact/hooks";
import { ENDPOINT } from "../gateway.ts";
import { type EdgeSnapshot, snapshotOf } from "./edge_snapshot.ts";
import { SPARKLINE_VALUES } from "./sparkline.tsx";

const INTERVAL = 2_000;

/** The last snapshots, and the error of the last request; null for none. */
export function useEdge(): {
  readonly snapshots: readonly EdgeSnapshot[];
  readonly error: unknown;
} {
  const [snapshots, setSnapshots] = useState<readonly EdgeSnapshot[]>([]);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const load = async () => {
      if (document.hidden) return;
      try {
        const response = await fetch(`${ENDPOINT}/metrics`, { signal }).catch(() => null);
        if (!response?.ok) throw `The metrics are not available: ${response?.status ?? ""}`;
        const text = await response.text();
        const time = Date.now();
        const gatewayTime = Date.parse(response.headers.get("date") ?? "") || time;
        const snapshot = snapshotOf(text, time, gatewayTime);
        setSnapshots((last) => [...last, snapshot].slice(-SPARKLINE_VALUES - 1));
        setError(null);
      } catch (cause) {
        if (!signal.aborted) setError(cause);
      }
    };
    load();
    const timer = setInterval(load, INTERVAL);
    return () => {
      clearInterval(timer);
      controller.abort();
    };
  }, []);
  return { snapshots, error };
}
