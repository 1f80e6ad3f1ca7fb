import { z } from 'zod';
import type { SharedStore } from '../../actors/ports/shared-store.ts';
import type { TurnRecord } from '../../actors/ports/store.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import type { Clock } from '../../machines/clock.ts';
import { within } from './within.ts';

/** Messages that the next session gets, the newest, and characters of each. */
const MESSAGES = 40;
const MESSAGE_CHARS = 2_000;
/** How long a session waits for the context of the previous one, ms. */
const WAIT_MS = 200;

const message = z.object({ role: z.enum(['user', 'assistant']), content: z.string() });
type Message = z.infer<typeof message>;

/** `secret`: a digest of it. */
const context = z.object({
  secret: z.string(),
  user: z.string().nullable(),
  history: z.array(message),
  lost: z.array(z.string()).default([]),
});

/** What the next session of a client gets. */
export interface Before {
  readonly history: readonly Message[];
  /** Names of actions that the client carried out and did not report before its session ended. */
  readonly lost: readonly string[];
}
const NOTHING: Before = { history: [], lost: [] };

/** A session that its client may lose. */
export interface Losable {
  readonly session: string;
  readonly secret: string;
  readonly user?: string | undefined;
}

/**
 * What was said in sessions whose client may come back, kept after each turn for an hour. When the session itself is gone,
 * the next one of the client knows it, on any server of the broker.
 */
export class SessionContexts {
  readonly #store: SharedStore;
  readonly #clock: Clock;

  constructor(store: SharedStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Keeps the turns of a session from now on, after `history`. */
  follow({ session, secret, user }: Losable, history: readonly Message[]) {
    let kept = history;
    const lost: string[] = [];
    let writing: Promise<void> | undefined;
    let newer = false;
    const write = async () => {
      do {
        newer = false;
        const value = { secret: sha256(secret), user: user ?? null, history: [...kept], lost: [...lost] };
        await this.#store.put(`session:${session}`, value).catch(() => {});
      } while (newer);
      writing = undefined;
    };
    const keep = () => {
      newer = true;
      writing ??= write();
    };
    return {
      turn({ userText, heard }: Pick<TurnRecord, 'userText' | 'heard'>): void {
        const said = [
          { role: 'user' as const, content: userText.slice(0, MESSAGE_CHARS) },
          { role: 'assistant' as const, content: heard.slice(0, MESSAGE_CHARS) },
        ];
        kept = [...kept, ...said.filter(({ content }) => content !== '')].slice(-MESSAGES);
        keep();
      },
      lost(name: string): void {
        lost.push(name);
        keep();
      },
      /** `forget`: the client does not come back. Otherwise resolves when all is kept. */
      end: async (forget: boolean) => {
        if (forget) newer = false;
        await writing;
        if (forget) await this.#store.delete(`session:${session}`).catch(() => {});
      },
    };
  }

  /**
   * What is kept of the session before, for a client that knows its secret and is the same user; only once. Nothing if the
   * store does not answer in time.
   */
  async take({ session, secret, user }: Losable): Promise<Before> {
    return within(this.#clock, WAIT_MS, this.#take(`session:${session}`, sha256(secret), user), NOTHING);
  }

  async #take(key: `session:${string}`, secret: string, user: string | undefined): Promise<Before> {
    const entry = await this.#store.get(key);
    const parsed = context.safeParse(entry?.value);
    if (!entry || !parsed.success || parsed.data.secret !== secret) return NOTHING;
    if (parsed.data.user !== (user ?? null)) return NOTHING;
    return (await this.#store.swap(key, null, entry.revision, 1)) ? parsed.data : NOTHING;
  }
}

/** Deletes what is kept of a user's sessions. */
export async function forgetContexts(store: SharedStore, user: string): Promise<void> {
  for (const key of await store.keys('session')) {
    const parsed = context.safeParse((await store.get(key))?.value);
    if (parsed.success && parsed.data.user === user) await store.delete(key);
  }
}
