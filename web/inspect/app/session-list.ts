import type { LiveSession, PastSession } from '../../../server/endpoints/inspect/wire.ts';
import type { InspectorApi } from '../api.ts';
import { Observable } from './observable.ts';
import type { OpenSession } from './opened.ts';

/** A line of the list of sessions. */
export interface SessionRow {
  readonly session: string;
  readonly origin: 'live' | 'store' | 'file';
  /** A public state, or the journal's status of a session that has ended. */
  readonly state: string;
  readonly startedAt: string;
  /** The door of a live session. */
  readonly endpoint?: string;
  readonly turns: number;
  readonly latencyMs?: number;
  readonly errors: number;
  readonly lastError?: string | undefined;
  readonly lastText?: string;
}

export interface SessionFilter {
  /** A public state, or `open`, `ended`, `incomplete` of past ones; empty: all. */
  readonly state: string;
  readonly text: string;
  /** An error code, `any`, or empty. */
  readonly error: string;
}

export const NO_FILTER: SessionFilter = { state: '', text: '', error: '' };
const PAGE = 200;
/** Pause in typing before the store is queried, ms. */
const TYPING_MS = 250;

/** The list of sessions: live ones from the server's feed, past ones page by page while scrolling, and dropped files. */
export class SessionList extends Observable {
  readonly #api: InspectorApi;
  readonly #live = new Map<string, LiveSession>();
  readonly #files = new Map<string, OpenSession>();
  #past: PastSession[] = [];
  #next: string | null = null;
  #filter = NO_FILTER;
  #rows: readonly SessionRow[] | undefined;
  #loading: AbortController | undefined;
  #typing: number | undefined;
  /** Why past sessions cannot be shown. */
  trouble: string | undefined;

  constructor(api: InspectorApi) {
    super();
    this.#api = api;
  }

  get filter(): SessionFilter {
    return this.#filter;
  }

  get loading(): boolean {
    return this.#loading !== undefined;
  }

  /** Files first, then live sessions, newest first, then past ones. */
  get rows(): readonly SessionRow[] {
    this.#rows ??= this.#made();
    return this.#rows;
  }

  get liveCount(): number {
    return this.#live.size;
  }

  /** The file opened under this name, if it was. */
  file(session: string): OpenSession | undefined {
    return this.#files.get(session);
  }

  addFile(opened: OpenSession): void {
    this.#files.set(opened.session, opened);
    this.#touch();
  }

  /** Takes the server's report of live sessions. */
  told(message: { full: boolean; sessions: readonly LiveSession[]; gone: readonly string[] }): void {
    if (message.full) this.#live.clear();
    for (const session of message.sessions) this.#live.set(session.session, session);
    for (const session of message.gone) this.#live.delete(session);
    this.#touch();
    // Ended sessions are in the store now, as the newest past ones.
    if (message.gone.length > 0) this.#reloadSoon();
  }

  setFilter(filter: SessionFilter): void {
    this.#filter = filter;
    this.#touch();
    this.#reloadSoon();
  }

  /** Reloads the first page of past sessions. */
  async reload(): Promise<void> {
    await this.#load(undefined);
  }

  /** Loads the next page, if there is one and none is on its way. */
  async more(): Promise<void> {
    if (this.#next !== null && !this.#loading) await this.#load(this.#next);
  }

  #reloadSoon(): void {
    window.clearTimeout(this.#typing);
    this.#typing = window.setTimeout(() => void this.reload(), TYPING_MS);
  }

  async #load(before: string | undefined): Promise<void> {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    const { state, text, error } = this.#filter;
    try {
      const page = await this.#api.sessions(
        {
          limit: PAGE,
          ...(state ? { state: [state] } : {}),
          ...(text ? { text } : {}),
          ...(error ? { error } : {}),
          ...(before ? { before } : {}),
        },
        loading.signal,
      );
      this.#past = before === undefined ? page.past : [...this.#past, ...page.past];
      this.#next = page.next;
      this.trouble = undefined;
    } catch (thrown) {
      if (loading.signal.aborted) return;
      this.trouble = thrown instanceof Error ? thrown.message : String(thrown);
      this.#next = null;
    } finally {
      if (this.#loading === loading) this.#loading = undefined;
      this.#touch();
    }
  }

  #touch(): void {
    this.#rows = undefined;
    this.changed();
  }

  #made(): readonly SessionRow[] {
    const live = [...this.#live.values()]
      .sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
      .map((one): SessionRow => ({ ...one, origin: 'live', turns: one.turn }))
      .filter((row) => matches(row, this.#filter));
    const past = this.#past
      .filter(({ session }) => !this.#live.has(session))
      .map((one): SessionRow => ({ ...one, origin: 'store', state: one.status ?? 'no journal' }));
    const files = [...this.#files.values()].reverse().map(fileRow);
    return [...files.filter((row) => matches(row, this.#filter)), ...live, ...past];
  }
}

function matches(row: SessionRow, { state, text, error }: SessionFilter): boolean {
  const wanted = text.toLowerCase();
  if (state !== '' && row.state !== state) return false;
  if (error === 'any' && row.errors === 0) return false;
  if (error !== '' && error !== 'any' && row.lastError !== error) return false;
  return [row.session, row.lastText ?? ''].some((words) => words.toLowerCase().includes(wanted));
}

function fileRow({ session, log }: OpenSession): SessionRow {
  const failed = log?.entries.filter(({ error }) => error !== undefined) ?? [];
  return {
    session,
    origin: 'file',
    startedAt: log?.header.startedAt ?? '',
    state: log?.footer.status ?? 'open',
    turns: log?.turnStarts.length ?? 0,
    errors: failed.length,
    lastError: failed.at(-1)?.error,
  };
}
