/** Which process runs which session, on one machine. `Process`: anything that names one. */
export class Ownership<Process extends object> {
  readonly #owners = new Map<string, Process>();
  /** Without an owner, and when they are lost, ms. */
  readonly #orphans = new Map<string, number>();
  /** Those who wait until a session has no owner. */
  readonly #waiting = new Map<string, (() => void)[]>();

  opened(session: string, process: Process): void {
    this.#owners.set(session, process);
    this.#orphans.delete(session);
  }

  /** The session has ended in this process, or was left by it to be continued. */
  closed(session: string, process: Process): void {
    if (this.#owners.get(session) === process) this.#free(session);
  }

  ownerOf(session: string): Process | undefined {
    return this.#owners.get(session);
  }

  /** Resolves when nobody owns the session any more. */
  async unowned(session: string): Promise<void> {
    if (!this.#owners.has(session)) return;
    await new Promise<void>((resolve) => {
      this.#waiting.set(session, [...(this.#waiting.get(session) ?? []), resolve]);
    });
  }

  /** The process has ended. Its sessions may be continued elsewhere until `lostAtMs`. */
  ended(process: Process, lostAtMs: number): void {
    for (const session of this.ownedBy(process)) {
      this.#free(session);
      this.#orphans.set(session, lostAtMs);
    }
  }

  /** These were left by a process before this supervisor's. */
  left(sessions: readonly string[], lostAtMs: number): void {
    for (const session of sessions) if (!this.#owners.has(session)) this.#orphans.set(session, lostAtMs);
  }

  /** Sessions that nobody came back to in time. Each is returned once. */
  lost(nowMs: number): readonly string[] {
    const late = [...this.#orphans].filter(([, atMs]) => atMs <= nowMs).map(([session]) => session);
    for (const session of late) this.#orphans.delete(session);
    return late;
  }

  /** Nothing was done for `ms`: sessions without an owner wait so much longer for their clients. */
  postpone(ms: number): void {
    for (const [session, atMs] of this.#orphans) this.#orphans.set(session, atMs + ms);
  }

  ownedBy(process: Process): readonly string[] {
    return [...this.#owners].filter(([, owner]) => owner === process).map(([session]) => session);
  }

  /** All that live. */
  sessions(): readonly string[] {
    return [...this.#owners.keys()];
  }

  #free(session: string): void {
    this.#owners.delete(session);
    const waiting = this.#waiting.get(session) ?? [];
    this.#waiting.delete(session);
    for (const go of waiting) go();
  }
}
