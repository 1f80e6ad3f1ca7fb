/** Entries kept; older ones go. */
const ENTRIES_KEPT = 2_000;

export interface LogEntry {
  /** ms since the page was loaded. */
  readonly atMs: number;
  readonly direction: 'sent' | 'received' | 'page';
  readonly message: { readonly type: string };
}

/** The ordered, bounded record behind `window.parley.log`. Audio is represented by the first frame of a generation. */
export class DebugLog {
  readonly #nowMs: () => number;
  #entries: LogEntry[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get entries(): readonly LogEntry[] {
    return [...this.#entries];
  }

  add<M extends { readonly type: string }>(direction: LogEntry['direction'], message: M): void {
    this.#entries.push(Object.freeze({ atMs: this.#nowMs(), direction, message: Object.freeze(message) }));
    if (this.#entries.length > ENTRIES_KEPT) this.#entries = this.#entries.slice(-ENTRIES_KEPT);
  }
}
