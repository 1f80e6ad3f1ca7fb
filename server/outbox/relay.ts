import { Backoff } from '../../actors/backoff.ts';
import {
  type EventStreams,
  type EventType,
  ROLE_OF,
  type Role,
  STREAM_ROLES,
} from '../../actors/ports/event-stream.ts';
import type { Backlog, OutboxStore } from '../../actors/ports/outbox.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';

export interface RelayOptions {
  readonly outbox: OutboxStore;
  readonly streams: Pick<EventStreams, 'publish' | 'atOnce' | 'onBack'>;
  readonly clock: Clock;
  /** Called with the reason when events cannot be published, and with undefined when they can again. */
  readonly onHealth: (problem: unknown) => void;
}

export interface RelayStats extends Backlog {
  readonly published: number;
  /** Attempts to publish an event that failed. */
  readonly failed: number;
}

export interface Relay {
  /** Looks for events now. */
  wake(): void;
  stats(): RelayStats;
  close(): Promise<void>;
}

/** Longest time until events are found that were not announced, such as those of an earlier process, ms. */
const LOOK_MS = 5_000;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;
/** A delivered event is kept, and sent again when a broker without copies restarts, for this long, ms: five times the longest time that an acknowledged event may not be on the broker’s disk. */
export const KEPT_MS = 600_000;
const PRUNE_EVERY_MS = 60_000;

/** Publishes the events of the outbox, each role apart from the others, until closed. */
export function startRelay({ outbox, streams, clock, onHealth }: RelayOptions): Relay {
  let closed = false;
  let backlog: Backlog = { events: 0, ageMs: 0 };
  let healthy = true;
  let prunedAtMs = clock.nowMs();
  const counts = { published: 0, failed: 0 };

  function report(problem: unknown): void {
    if (healthy !== (problem === undefined)) onHealth(problem);
    healthy = problem === undefined;
  }

  /** Publishes all that waits for a role. Rejects with the first failure, after the others of its batch; `onProgress`: some arrived. */
  async function drain(role: Role, onProgress: () => void): Promise<void> {
    while (!closed) {
      const events = await outbox.waiting(typesOf(role), streams.atOnce(role));
      if (events.length === 0) return;
      const results = await Promise.allSettled(events.map((event) => streams.publish(event)));
      const delivered = events.filter((_, i) => results[i]?.status === 'fulfilled').map(({ id }) => id);
      counts.published += delivered.length;
      counts.failed += events.length - delivered.length;
      await outbox.delivered(delivered);
      if (delivered.length > 0) onProgress();
      backlog = await outbox.backlog();
      for (const result of results) if (result.status === 'rejected') throw result.reason;
      report(undefined);
    }
  }

  /** Prunes from time to time, and counts what waits. */
  async function tidy(): Promise<void> {
    if (clock.nowMs() - prunedAtMs >= PRUNE_EVERY_MS) {
      prunedAtMs = clock.nowMs();
      await outbox.prune(KEPT_MS);
    }
    backlog = await outbox.backlog();
  }

  const lanes = [
    ...STREAM_ROLES.map((role) => lane(clock, (onProgress) => drain(role, onProgress), report)),
    lane(clock, tidy, () => {}),
  ];
  streams.onBack((mayHaveLost) => {
    const marked = mayHaveLost ? outbox.again(KEPT_MS) : Promise.resolve();
    marked.catch(report).finally(() => {
      for (const one of lanes) one.now();
    });
  });

  function wake(): void {
    for (const { wake } of lanes) wake();
  }

  wake();
  return {
    wake,
    stats: () => ({ ...backlog, ...counts }),
    async close() {
      closed = true;
      await Promise.all(lanes.map((one) => one.close()));
    },
  };
}

function typesOf(role: Role): EventType[] {
  return (Object.keys(ROLE_OF) as EventType[]).filter((type) => ROLE_OF[type] === role);
}

/** Runs `work` when woken and every few seconds, once at a time; after a failure, which it reports, it waits, longer after each without progress. */
function lane(
  clock: Clock,
  work: (onProgress: () => void) => Promise<void>,
  report: (problem: unknown) => void,
) {
  const wait = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
  let timer: TimerHandle | undefined;
  let running: Promise<void> | undefined;
  let woken = false;
  let waiting = false;
  /** Asked to work now while it was at work. */
  let hurried = false;
  let closed = false;

  /** Works until there is nothing to do, or it fails. Returns when to look again. */
  async function attempt(): Promise<number> {
    waiting = false;
    try {
      do {
        woken = false;
        await work(() => wait.reset());
      } while (woken && !closed);
      wait.reset();
      return LOOK_MS;
    } catch (problem) {
      if (!closed) report(problem);
      waiting = true;
      return wait.nextMs();
    }
  }

  async function run(): Promise<void> {
    let nextMs = 0;
    do {
      hurried = false;
      nextMs = await attempt();
      // What failed may have begun before the broker was back.
    } while (hurried && !closed);
    running = undefined;
    if (!closed) timer = clock.setTimer(nextMs, start);
  }

  function start(): void {
    timer?.cancel();
    running ??= run();
  }

  return {
    wake() {
      woken = true;
      if (!running && !waiting && !closed) start();
    },
    /** Also ends the wait after a failure. */
    now() {
      woken = true;
      hurried = true;
      wait.reset();
      if (!running && !closed) start();
    },
    async close() {
      closed = true;
      timer?.cancel();
      await running;
    },
  };
}
