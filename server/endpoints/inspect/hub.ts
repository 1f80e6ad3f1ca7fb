import type { BusMessage, Subscription } from '../../../actors/ports/bus.ts';
import { subjects } from '../../../actors/subjects.ts';
import type { TimerHandle } from '../../../machines/clock.ts';
import { decode, type InspectBus, type Lease, presence, RENEW_MS, tell } from './bus-wire.ts';
import { Neighbours } from './neighbours.ts';
import { feedMessage, type InspectMessage, type LiveSession } from './wire.ts';

/** Changes of the list are sent to a page at most four times a second. */
const LIST_EVERY_MS = 250;
/** Maximum wait for the session lists of other servers before a list is sent without them, ms. */
const GATHER_MS = 300;
/** A session that no server reports within this time is not live, ms. */
const ANSWER_MS = 1_000;
/** A requested list is kept up to date for this long, for further requests, ms. */
const LIST_KEPT_MS = 10_000;
/** Number of renewals after which the full list is requested again, in case a message was lost. */
const FULL_EVERY = 12;

/** A page connected to the hub. */
export interface Watcher {
  /** JSON of an `InspectMessage`. */
  tell(json: string): void;
}

interface Watched {
  readonly subscription: Subscription;
  readonly watchers: Set<Watcher>;
  /** Watchers that do not know yet where the feed begins. */
  readonly waiting: Map<Watcher, TimerHandle>;
}

/** Connects the pages of this server to the sessions of all servers on the bus. It subscribes once for all pages, and to nothing while no page is open.
 */
export class Hub {
  readonly #bus: InspectBus;
  readonly #alone: boolean;
  readonly #neighbours: Neighbours;
  readonly #listeners = new Set<Watcher>();
  /** Watchers that did not get the full list yet. */
  readonly #joining = new Set<Watcher>();
  readonly #sessions = new Map<string, Watched>();
  readonly #subscription: Subscription;
  #list: Promise<void> | undefined;
  #listUntilMs = 0;
  #renewals = 0;
  #renewal: TimerHandle | undefined;
  #listTimer: TimerHandle | undefined;
  #wanting = false;

  /** `alone`: the bus has no other servers. */
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

  /** The server that runs a session; undefined if unknown. */
  async serverOf(session: string): Promise<string | undefined> {
    return (await this.live()).find((one) => one.session === session)?.server;
  }

  /** Sends the list to `watcher`, now and at each change, until `unlist`. */
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

  /** Sends a session's feed to `watcher`, beginning with `watching`, until `unwatch`. */
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

  /** Removes a page; it gets no more messages. */
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
    // This watcher learned that the session is not live, but it has begun meanwhile.
    const { waiting, watchers } = watched;
    if (waiting.size === 0) for (const watcher of watchers) watcher.tell(text);
    waiting.clear();
  }

  #onPresence(payload: Uint8Array): void {
    const { data } = presence.safeParse(decode(payload));
    if (!data) this.#bus.bus.reportMalformed?.(subjects.inspectPresence, 'no list of sessions');
    // Without a list, no page needs it; this is a late message.
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

  /** Resolves when the other servers had time to report their sessions. */
  #gathered(): Promise<void> {
    this.#list ??= this.#gather();
    return this.#list;
  }

  async #gather(): Promise<void> {
    this.#ask({ full: true });
    // Without a bus nothing arrives; the outage is reported elsewhere.
    await this.#bus.bus.flush().catch(this.#bus.onProblem);
    await new Promise<void>((resolve) => {
      if (this.#alone) this.#neighbours.onceTold(resolve);
      else this.#bus.clock.setTimer(GATHER_MS, resolve);
    });
  }

  /** Publishes the lease, and renews it while there are subscriptions. */
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
