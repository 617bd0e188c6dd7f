/**
 * Tracks the connections that fetch parts. Servers may limit the connections of a client: one that is refused while the
 * others receive bytes ends, and they fetch its part. It sends no requests and has no clock.
 */

/** The connections of a parallel download, except that of the lead. */
export class ActiveConnections {
  readonly #active = new Set<number>();
  #receivedAt = -Infinity;
  #hasRefused = false;

  /** Whether a connection was refused. */
  get hasRefused(): boolean {
    return this.#hasRefused;
  }

  /** Whether all connections were refused. */
  get allRefused(): boolean {
    return this.#hasRefused && this.#active.size === 0;
  }

  /** Adds a connection. */
  add(connection: number): void {
    this.#active.add(connection);
  }

  /** Removes a connection that has ended. */
  remove(connection: number): void {
    this.#active.delete(connection);
  }

  /** Records that any connection, including that of the lead, has received bytes. */
  received(now: number): void {
    this.#receivedAt = now;
  }

  /**
   * Removes a refused connection, if the servers work and another connection can fetch its part.
   *
   * @param since when its request was sent
   * @param count number of connections to use; those with a higher index end
   * @param isLeadOpen whether the lead can read the part
   * @returns whether it was removed
   */
  refuse(connection: number, since: number, count: number, isLeadOpen: boolean): boolean {
    const hasOthers = [...this.#active].some((other) => other !== connection && other < count);
    if (this.#receivedAt <= since || (!hasOthers && !isLeadOpen)) return false;
    this.#hasRefused = true;
    return this.#active.delete(connection);
  }
}
