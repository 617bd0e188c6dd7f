/** Timers and clocks: those of the runtime, and safe forms of those that a user passes. */

import { callSafely } from "./events.ts";

/** Resolves after `ms` milliseconds; rejects with the signal's reason on abort. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** Calls `callback` after `ms` milliseconds; the returned function cancels it. */
export type Timer = (ms: number, callback: () => void) => () => void;

/**
 * Calls `setTimeout` with a delay that it accepts. With more than 24 days, every runtime calls back immediately; with
 * less than 0, Deno and Node print a warning.
 */
function setTimer(callback: () => void, ms: number): ReturnType<typeof setTimeout> {
  return setTimeout(callback, Math.max(0, Math.min(ms, 2 ** 31 - 1)));
}

/** Resolves after `ms` milliseconds; rejects with the signal's reason on abort. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimer(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Timers that use `sleep` if it is given. */
export function timerOf(sleep: Sleep | undefined): Timer {
  return sleep === undefined ? nativeTimer : sleepTimer(sleep);
}

/** A timer of the runtime: every request needs one, and an aborted sleep costs ten times as much. */
export function nativeTimer(ms: number, callback: () => void): () => void {
  const timer = setTimer(callback, ms);
  return () => clearTimeout(timer);
}

/** The timer of the user; that of the runtime if there is none, or each time that it throws. */
export function timerFrom(given: Timer | undefined): Timer {
  if (given === undefined) return nativeTimer;
  return (ms, callback) => callSafely(given, ms, callback) ?? nativeTimer(ms, callback);
}

/** The sleep of the user, which rejects if it throws; that of the runtime if there is none. */
export function sleepFrom(given: Sleep | undefined): Sleep {
  if (given === undefined) return sleep;
  return (ms, signal) => {
    try {
      return Promise.resolve(given(ms, signal));
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

/**
 * A clock or a random source of the user. The fallback is used if there is none, and each time that it throws or
 * returns anything but a finite number.
 */
export function numbersFrom(
  given: (() => unknown) | undefined,
  fallback: () => number,
): () => number {
  if (given === undefined) return fallback;
  return () => {
    const value = callSafely(given);
    return typeof value === "number" && Number.isFinite(value) ? value : fallback();
  };
}

function sleepTimer(sleep: Sleep): Timer {
  return (ms, callback) => {
    const stop = new AbortController();
    // A sleep that ignores its signal resolves even after it is canceled.
    sleep(ms, stop.signal).then(() => stop.signal.aborted || callback(), () => {});
    return () => stop.abort("stopped");
  };
}
