import type { Clock } from '../../../machines/clock.ts';
import type { LogEntry } from '../../../machines/log.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import type { LiveSession } from './wire.ts';

/** Longest last text shown in a list, in UTF-16 units. */
const TEXT_LENGTH = 120;

interface Entry {
  session: LiveSession;
  /** Start time on the clock; unknown before the session's first event. */
  startedAtMs: number | undefined;
}

/** The sessions of this process for the list. Always maintained, because it costs only a few writes per turn. */
export class Roster {
  readonly #server: string;
  readonly #clock: Clock;
  readonly #now: () => string;
  readonly #onChange: (session: string) => void;
  readonly #entries = new Map<string, Entry>();

  /** `now`: wall-clock time, ISO 8601. */
  constructor(server: string, clock: Clock, now: () => string, onChange: (session: string) => void) {
    this.#server = server;
    this.#clock = clock;
    this.#now = now;
    this.#onChange = onChange;
  }

  open(session: string, language: string, endpoint?: string): void {
    const { startedAtMs } = this.#entries.get(session) ?? {};
    const begun = { state: 'idle', turn: 0, generation: 0, errors: 0 } as const;
    this.#entries.set(session, {
      session: {
        ...{ session, server: this.#server, startedAt: this.#now(), language, ...begun },
        ...(endpoint !== undefined && { endpoint }),
      },
      startedAtMs,
    });
    this.#onChange(session);
  }

  close(session: string): void {
    if (this.#entries.delete(session)) this.#onChange(session);
  }

  observe(session: string, entry: LogEntry): void {
    const known = this.#entries.get(session);
    if (!known) return;
    known.startedAtMs ??= this.#clock.nowMs() - entry.atMs;
    if (entry.type === 'command' && entry.command.type === 'publish')
      this.#note(known, entry.command.message);
  }

  get(session: string): LiveSession | undefined {
    return this.#entries.get(session)?.session;
  }

  all(): readonly LiveSession[] {
    return [...this.#entries.values()].map(({ session }) => session);
  }

  /** ms since the start of a session; 0 for one that has not begun. */
  ageMs(session: string): number {
    const startedAtMs = this.#entries.get(session)?.startedAtMs;
    return startedAtMs === undefined ? 0 : Math.round((this.#clock.nowMs() - startedAtMs) * 1_000) / 1_000;
  }

  #note(entry: Entry, message: SessionMessage): void {
    const change = changeOf(message, entry.session);
    if (!change) return;
    const { actions: _ended, ...kept } = entry.session;
    entry.session = message.type === 'state' ? { ...kept, ...change } : { ...entry.session, ...change };
    this.#onChange(entry.session.session);
  }
}

function changeOf(message: SessionMessage, { errors }: LiveSession): Partial<LiveSession> | undefined {
  switch (message.type) {
    case 'state': {
      const { value: state, turn, generation, actions } = message;
      return { state, turn, generation, ...(actions && { actions: [...actions] }) };
    }
    case 'reply.end': {
      const { firstAudio } = message.timings;
      return firstAudio === undefined ? undefined : { latencyMs: firstAudio };
    }
    case 'transcript':
      return message.final ? { lastText: message.text.slice(0, TEXT_LENGTH) } : undefined;
    case 'error':
      return { errors: errors + 1, lastError: message.code };
    default:
      return undefined;
  }
}
