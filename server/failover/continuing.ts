import type { TakenSession } from '../../actors/failover/takeover.ts';
import type { ContinuableSession, TurnRecord } from '../../actors/ports/store.ts';
import type { Rebuilt } from '../../actors/session/rebuild.ts';
import { openSession } from '../../actors/session/session.ts';
import type { TimerHandle } from '../../machines/clock.ts';
import { type ErrorCode, ParleyError } from '../../machines/errors.ts';
import type { Config } from '../config/schema.ts';
import type { Continued, Continuing, ContinuingOptions } from '../continuing/continuing.ts';
import type { LastSeen, SessionListener } from '../door/session-host.ts';
import type { Logger } from '../log.ts';
import { observedHost } from '../observers.ts';
import type { Stores } from '../stores.ts';
import { Continuable, type ContinuableStore, type RebuildStage } from './continuable.ts';
import type { Failover } from './failover.ts';
import { Stages } from './stages.ts';

type FailoverContinuingOptions = Omit<ContinuingOptions, 'config' | 'stores' | 'log'> & {
  readonly config: Pick<Config, 'journal' | 'limits'>;
  readonly stores: Pick<Stores, 'continuable' | 'store'>;
  readonly log: Logger;
  readonly failover: Failover;
};

type Taken = Continued & Rebuilt;

/** Takes sessions of other servers over, from their journals. */
interface TakingOver extends Continuing {
  take(session: string, seen: LastSeen, listener: SessionListener): Promise<Taken | undefined>;
}

/** What the store may be able to do a moment later: the session is not lost. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['STORE_FAILED', 'STORE_CLOSED']);

/**
 * A turn that ended earlier before the journal's end, ms, was stored with its events by its server, which publishes them itself, also
 * after its restart. If each server that takes the session did so too, the outboxes would grow with turns times takeovers.
 */
const RECENT_MS = 60_000;

/**
 * Undefined if there are no sessions to continue: the data directory could not be locked, or sessions are not journaled. A client that
 * does not return within `limits.awayMs` after the start has lost its session.
 */
export async function startTakingOver(options: FailoverContinuingOptions): Promise<TakingOver | undefined> {
  const { config, stores, deps, observers, clock, log, failover, own: which } = options;
  const { awayMs, idleMs } = config.limits;
  // The client may still be on its way, and other servers grant it as much.
  const forgottenMs = awayMs + idleMs;
  if (!stores.continuable || !config.journal.enabled || awayMs === 0) return undefined;
  const own: ContinuableStore = stores.continuable;
  const found = which === 'all' ? Continuable.of(own) : Promise.resolve(Continuable.none(own));
  const waiting = await found.catch((error: Error) => {
    log.warn({ err: error }, 'the sessions of the server before cannot be continued');
    // Those of other servers can: the broker has their journals.
    return Continuable.none(own);
  });
  if (!waiting) return undefined;
  /** Turns that ended in the journal's last moment, or at another server, may not have been saved. Never rejects. */
  async function saveMissing(session: string, { turns, kernel }: Rebuilt): Promise<void> {
    const save = (turn: TurnRecord) => {
      const isRecent = turn.endedAtMs > kernel.nowMs - RECENT_MS;
      return (isRecent ? stores.store : own).saveTurn(turn);
    };
    try {
      const known = new Set((await stores.store.turns(session)).map(({ generation }) => generation));
      const missing = turns.filter(({ generation }) => !known.has(generation));
      // Together: each alone would wait for the disk.
      await Promise.all(missing.map((turn) => save({ session, ...turn, timings: { ...turn.timings } })));
    } catch (error) {
      deps.onProblem(session, error instanceof Error ? error : new Error(String(error)));
    }
  }
  /** Of all sessions so far. Their clients do not wait for it: until it is done, the journals have the turns. */
  let saving: Promise<void> = Promise.resolve();

  async function rebuilt(
    session: string,
    seen: LastSeen,
    taken: TakenSession | undefined,
  ): Promise<Taken | undefined> {
    try {
      const stages = new Stages(clock, 'adopt');
      const journal = taken && (await failover.adopt(own, taken));
      const onStage = (stage: RebuildStage) => stages.begin(stage);
      const made = await waiting?.take(session, {
        ...{ played: seen.played, journal, onStage },
        behaviour: deps.behaviour,
      });
      if (!made) {
        log.warn(
          { session },
          'a session of the server before cannot be continued: its journal gives another one',
        );
        return undefined;
      }
      const saved = saveMissing(session, made);
      saving = saving.then(() => saved);
      const { records } = made.journal;
      log.info({ session, records, ms: stages.ms }, 'a session was rebuilt');
      const { parameters } = made.header;
      return { ...made, taken, parameters, epoch: made.returns + 2 };
    } catch (error) {
      const passes = error instanceof ParleyError && PASSING.has(error.code);
      log.warn(
        { session, err: error },
        `a session of the server before cannot be continued${passes ? ' now' : ''}`,
      );
      if (passes) throw error;
      return undefined;
    }
  }

  /** Its client did not come back: it ends as lost, with what its journal says. */
  async function end({ session, language, user }: ContinuableSession): Promise<void> {
    const taken = await failover.takeOwn(session);
    // Otherwise another server has it, or has ended it.
    try {
      const made = !taken ? undefined : await rebuilt(session, {}, taken);
      if (made) {
        if (taken) failover.begin({ session, ...taken.opening }, () => {}, taken);
        const { outputRate, seed } = made.kernel.context.input;
        const request = {
          session,
          language,
          outputRate,
          input: 'text',
          ...(user && { user }),
        } as const;
        const open = async () => {
          const handle = openSession(
            { ...deps, parameters: { ...deps.parameters, ...made.parameters } },
            { ...request, seed },
            undefined,
            made,
          );
          // Its missing turns are stored as its own, with their events.
          return { ...handle, close: (reason: 'lost') => handle.close(reason).then(() => saving) };
        };
        const host = observedHost({ open }, observers);
        const noClient = { message: () => {}, audio: () => {} };
        await (await host.open(request, noClient)).close('lost');
      }
    } finally {
      failover.settled(session);
    }
    await stores.store.endSession(session, new Date().toISOString());
  }

  let closed = false;
  /** Ends those that still wait, one after another. */
  function endForgotten(sessions: readonly ContinuableSession[] = []): Promise<void> {
    ending = ending.then(async () => {
      for (const one of sessions) {
        if (closed || !waiting?.sessions.includes(one)) continue;
        await end(one).catch((error: Error) => deps.onProblem(one.session, error));
      }
    });
    return ending;
  }

  /** Undefined: it is not there, or this could not be found out. */
  async function added(session: string): Promise<ContinuableSession | undefined> {
    const all = await own.continuable().catch((error: Error) => deps.onProblem(session, error));
    const found = all?.find((one) => one.session === session);
    if (found) waiting?.add(found);
    return found;
  }

  let ending = Promise.resolve();
  const timers = new Set<TimerHandle>();
  const inTime = (then: () => void) => {
    const timer = clock.setTimer(forgottenMs, () => {
      timers.delete(timer);
      then();
    });
    timers.add(timer);
  };
  if (which === 'all') inTime(() => void endForgotten(waiting.sessions));
  return {
    waitsFor: (session, proof) => failover.waitsFor(session, proof),
    async take(session, seen, listener) {
      const taken = failover.claim(session);
      let made: Taken | undefined;
      try {
        made = await rebuilt(session, seen, taken);
      } finally {
        if (taken && !made) failover.settled(session);
      }
      const { lastSeq } = seen;
      if (made && lastSeq !== undefined)
        for (const message of made.missed(lastSeq)) listener.message(message);
      return made;
    },
    left: async () => (await own.continuable()).map(({ session }) => session),
    async adopt(session, onGone) {
      const found = await added(session);
      if (!found) return false;
      inTime(() => {
        if (waiting.sessions.includes(found)) void endForgotten([found]).then(onGone);
      });
      return true;
    },
    async end(session) {
      const found = await added(session);
      if (found) await endForgotten([found]);
    },
    async close() {
      closed = true;
      for (const timer of timers) timer.cancel();
      await ending;
      await saving;
    },
  };
}
