/** Minimizes a sequence of requests that shows a difference. */
import type { Step } from "./step.ts";

/** Maximum number of attempts per difference. */
const MAX_ATTEMPTS = 80;

/** Removes requests, then parts of the last one, as long as `isSame` returns true. */
export async function shrink(
  steps: readonly Step[],
  isSame: (steps: readonly Step[]) => Promise<boolean>,
): Promise<readonly Step[]> {
  let attempts = 0;
  let shortest = steps;
  const accept = async (candidate: readonly Step[]): Promise<boolean> => {
    if (attempts++ >= MAX_ATTEMPTS || !await isSame(candidate)) return false;
    shortest = candidate;
    return true;
  };
  const last = steps.at(-1);
  if (last === undefined || await accept([last])) return await simplify(shortest, accept);
  // Earlier requests are less likely to matter.
  for (let at = 0; at < shortest.length - 1;) {
    if (!await accept(shortest.toSpliced(at, 1))) at++;
  }
  return await simplify(shortest, accept);
}

async function simplify(
  steps: readonly Step[],
  accept: (candidate: readonly Step[]) => Promise<boolean>,
): Promise<readonly Step[]> {
  let shortest = steps;
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    const last = shortest.at(-1);
    if (last === undefined) break;
    for (const simpler of simplerSteps(last)) {
      const candidate = shortest.with(-1, simpler);
      if (!await accept(candidate)) continue;
      shortest = candidate;
      isSmaller = true;
      break;
    }
  }
  return shortest;
}

/** Variants of a request with one part removed. */
function simplerSteps(step: Step): Step[] {
  const [path = "", query] = step.path.split("?");
  const parameters = query?.split("&") ?? [];
  return [
    ...parameters.map((_, i) => {
      const rest = parameters.toSpliced(i, 1).join("&");
      return { ...step, path: rest === "" ? path : `${path}?${rest}` };
    }),
    ...step.headers.map((_, i) => ({ ...step, headers: step.headers.toSpliced(i, 1) })),
    ...step.isChunked ? [{ ...step, isChunked: false }] : [],
    ...step.body === null ? [] : [{ ...step, body: null, isChunked: false }],
    ...step.body === null ? [] : smallerBodies(step.body).map((body) => ({ ...step, body })),
    ...step.user === "alice" ? [] : [{ ...step, user: "alice" as const }],
  ];
}

/** Variants of a JSON object or array with one member removed. */
function smallerBodies(body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    const smaller: unknown[] = Array.isArray(value)
      ? value.map((_, i) => value.toSpliced(i, 1))
      : typeof value === "object" && value !== null
      ? Object.keys(value).map((key) =>
        Object.fromEntries(Object.entries(value).filter(([name]) => name !== key))
      )
      : [];
    return smaller.map((each) => new TextEncoder().encode(JSON.stringify(each)));
  } catch {
    return [];
  }
}
