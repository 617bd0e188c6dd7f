/** A small chart of the last values of a number. */
import type { JSX } from "preact";

/** Number of values that fit. */
export const SPARKLINE_VALUES = 60;

const HEIGHT = 24;

/** Decorative: the numbers next to it say the same. */
export function Sparkline({ values }: { readonly values: readonly number[] }): JSX.Element {
  const most = Math.max(...values, Number.MIN_VALUE);
  const start = SPARKLINE_VALUES - values.length;
  const points = values.map((value, i) =>
    `${start + i},${(HEIGHT - 1 - value / most * (HEIGHT - 3)).toFixed(1)}`
  );
  const viewBox = `0 0 ${SPARKLINE_VALUES - 1} ${HEIGHT}`;
  return (
    <svg class="sparkline" viewBox={viewBox} preserveAspectRatio="none" aria-hidden="true">
      {points.length > 0 && <polyline points={points.join(" ")} />}
    </svg>
  );
}
