import type { BusMessage, Subscription } from '../../../actors/ports/bus.ts';
import { subjects } from '../../../actors/subjects.ts';
import type { TimerHandle } from '../../../machines/clock.ts';
import { decode, type InspectBus, type Lease, presence, RENEW_MS, tell } from './bus-wire.ts';
import { Neighbours } from './neighbours.ts';
import { feedMessage, type InspectMessage, type LiveSession } from './wire.ts';

/** Changes of the list reach a page at most four times a second. */
const LIST_EVERY_MS = 250;
/** How long other servers may take to say which sessions they have, before a list goes out without them. */
const GATHER_MS = 300;
/** A session of which nobody says within this time that it runs does not. */
const ANSWER_MS = 1_000;
/** A list asked for once is kept up to date this long, for who asks again. */
const LIST_KEPT_MS = 10_000;
/** Every so many renewals the whole list is asked for, should a message have been lost. */
const FULL_EVERY = 12;

/** A page, as the hub sees it. */
export interface Watcher {
  /** JSON of an `InspectMessage`. */
  tell(json: string): void;
}

interface Watched {
  readonly subscription: Subscription;
  readonly watchers: Set<Watcher>;
  /** Those that were not told yet where the feed begins. */
  readonly waiting: Map<Watcher, TimerHandle>;
}

/**
 * What the pages of this server watch, of all servers on the bus. It asks for what is wanted, once for all pages, and
 * for nothing when nobody looks.
 */
export class Hub {
  readonly #bus: InspectBus;
  readonly #alone: boolean;
  readonly #neighbours: Neighbours;
  readonly #listeners = new Set<Watcher>();
  /** Those that were not told the whole list yet. */
  readonly #joining = new Set<Watcher>();
  readonly #sessions = new Map<string, Watched>();
  readonly #subscription: Subscription;
  #list: Promise<void> | undefined;
  #listUntilMs = 0;
  #renewals = 0;
  #renewal: TimerHandle | undefined;
  #listTimer: TimerHandle | undefined;
  #wanting = false;

  /** `alone`: no other server can be on this bus. */
  constructor(inspectBus: InspectBus, alone: boolean) {
    this.#bus = inspectBus;
    this.#alone = alone;
    this.#neighbours = new Neighbours(inspectBus.clock);
    this.#subscription = inspectBus.bus.subscribe(subjects.inspectPresence, ({ payload }) =>
      this.#onPresence(payload),
    );
  }

  /** All live sessions of all servers that answer in time. */
  async live(): Promise<readonly LiveSession[]> {
    this.#listUntilMs = this.#bus.clock.nowMs() + LIST_KEPT_MS;
    await this.#gathered();
    return this.#neighbours.all();
  }

  /** Which server runs a session; undefined if none that is known of. */
  async serverOf(session: string): Promise<string | undefined> {
    return (await this.live()).find((one) => one.session === session)?.server;
  }

  /** Tells `watcher` the list, now and whenever it changes, until `unlist`. */
  async list(watcher: Watcher): Promise<void> {
    this.#joining.add(watcher);
    await this.#gathered();
    if (!this.#joining.delete(watcher)) return;
    this.#listeners.add(watcher);
    watcher.tell(json({ type: 'sessions', full: true, sessions: [...this.#neighbours.all()], gone: [] }));
  }

  unlist(watcher: Watcher): void {
    this.#joining.delete(watcher);
    this.#listeners.delete(watcher);
    this.#giveUpIfIdle();
  }

  /** Tells `watcher` what a session does, from a `watching` on, until `unwatch`. */
  watch(session: string, watcher: Watcher): void {
    const watched = this.#sessions.get(session) ?? this.#begin(session);
    watched.watchers.add(watcher);
    watched.waiting.get(watcher)?.cancel();
    const none = this.#bus.clock.setTimer(ANSWER_MS, () => {
      watched.waiting.delete(watcher);
      watcher.tell(json({ type: 'watching', session, live: false, from: 0 }));
    });
    watched.waiting.set(watcher, none);
    this.#ask({ fresh: [session] });
  }

  unwatch(session: string, watcher: Watcher): void {
    const watched = this.#sessions.get(session);
    watched?.waiting.get(watcher)?.cancel();
    watched?.waiting.delete(watcher);
    if (!watched?.watchers.delete(watcher) || watched.watchers.size > 0) return;
    watched.subscription.unsubscribe();
    this.#sessions.delete(session);
    if (this.#wants()) this.#ask({});
    else this.#giveUpIfIdle();
  }

  /** Nothing is told to that page any more. */
  forget(watcher: Watcher): void {
    this.unlist(watcher);
    for (const session of [...this.#sessions.keys()]) this.unwatch(session, watcher);
  }

  close(): void {
    for (const { subscription, waiting } of this.#sessions.values()) {
      subscription.unsubscribe();
      for (const timer of waiting.values()) timer.cancel();
    }
    this.#sessions.clear();
    this.#joining.clear();
    this.#listeners.clear();
    this.#listUntilMs = 0;
    this.#giveUpIfIdle();
    this.#subscription.unsubscribe();
    this.#listTimer?.cancel();
  }

  #begin(session: string): Watched {
    const watchers = new Set<Watcher>();
    const waiting = new Map<Watcher, TimerHandle>();
    const subscription = this.#bus.bus.subscribe(subjects.inspectFeed(session), (message) =>
      this.#onFeed(session, message),
    );
    const watched = { subscription, watchers, waiting };
    this.#sessions.set(session, watched);
    return watched;
  }

  #onFeed(session: string, { payload, headers }: BusMessage): void {
    const watched = this.#sessions.get(session);
    if (!watched) return;
    const parsed = feedMessage.safeParse(decode(payload));
    if (!parsed.success || parsed.data.type !== headers.type) {
      this.#bus.bus.reportMalformed?.(subjects.inspectFeed(session), 'no feed of a session');
      return;
    }
    const text = decoder.decode(payload);
    if (headers.type !== 'watching') {
      for (const watcher of watched.watchers) if (!watched.waiting.has(watcher)) watcher.tell(text);
      return;
    }
    for (const [watcher, timer] of watched.waiting) {
      timer.cancel();
      watcher.tell(text);
    }
    // One that was told that nobody runs the session, which began meanwhile.
    const { waiting, watchers } = watched;
    if (waiting.size === 0) for (const watcher of watchers) watcher.tell(text);
    waiting.clear();
  }

  #onPresence(payload: Uint8Array): void {
    const { data } = presence.safeParse(decode(payload));
    if (!data) this.#bus.bus.reportMalformed?.(subjects.inspectPresence, 'no list of sessions');
    // Without a list nobody asked; what comes late is of no use.
    if (!data || this.#list === undefined) return;
    if (!this.#neighbours.take(data)) return;
    if (this.#listeners.size > 0)
      this.#listTimer ??= this.#bus.clock.setTimer(LIST_EVERY_MS, () => this.#tellList());
  }

  #tellList(): void {
    this.#listTimer = undefined;
    const { sessions, gone } = this.#neighbours.changes();
    if (sessions.length + gone.length === 0) return;
    const text = json({ type: 'sessions', full: false, sessions: [...sessions], gone: [...gone] });
    for (const watcher of this.#listeners) watcher.tell(text);
  }

  /** Resolves when the others have had time to say which sessions they have. */
  #gathered(): Promise<void> {
    this.#list ??= this.#gather();
    return this.#list;
  }

  async #gather(): Promise<void> {
    this.#ask({ full: true });
    // A bus that is gone brings nothing, and is told of elsewhere.
    await this.#bus.bus.flush().catch(this.#bus.onProblem);
    await new Promise<void>((resolve) => {
      if (this.#alone) this.#neighbours.onceTold(resolve);
      else this.#bus.clock.setTimer(GATHER_MS, resolve);
    });
  }

  /** Says what is wanted, now and again until nothing is. */
  #ask({ full = false, fresh = [] }: { full?: boolean; fresh?: string[] }): void {
    this.#wanting = true;
    const { server: watcher } = this.#bus;
    const list = this.#wantsList() || full;
    const lease: Lease = { watcher, list, full, sessions: [...this.#sessions.keys()], fresh };
    tell(this.#bus, subjects.inspectWatch, lease);
    this.#renewal?.cancel();
    this.#renewal = this.#bus.clock.setTimer(RENEW_MS, () => this.#renew());
  }

  #renew(): void {
    this.#renewals += 1;
    if (this.#neighbours.expire() && this.#listeners.size > 0) this.#tellList();
    if (this.#wants()) this.#ask({ full: this.#wantsList() && this.#renewals % FULL_EVERY === 0 });
    else this.#giveUpIfIdle();
  }

  #wantsList(): boolean {
    const pages = this.#listeners.size + this.#joining.size;
    return pages > 0 || this.#bus.clock.nowMs() < this.#listUntilMs;
  }

  #wants(): boolean {
    return this.#wantsList() || this.#sessions.size > 0;
  }

  #giveUpIfIdle(): void {
    if (!this.#wantsList()) {
      this.#list = undefined;
      this.#neighbours.clear();
    }
    if (!this.#wanting || this.#wants()) return;
    this.#wanting = false;
    this.#renewal?.cancel();
    const nothing: Lease = { watcher: this.#bus.server, list: false, full: false, sessions: [], fresh: [] };
    tell(this.#bus, subjects.inspectWatch, nothing);
  }
}

const decoder = new TextDecoder();

function json(message: InspectMessage): string {
  return JSON.stringify(message);
}
