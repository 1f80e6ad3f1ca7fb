import { expect, it } from 'vitest';
import { opening, SharedBroker, testClock } from '../../actors/failover/stores-test-util.ts';
import type { TurnRecord } from '../../actors/ports/store.ts';
import type { SessionDeps } from '../../actors/session/session.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { ParleyError } from '../../machines/errors.ts';
import { MemoryJournals, Talk } from '../../test/journal/harness.ts';
import { afterTest, temporaryFolder } from '../../test/support/after-test.ts';
import { loadConfig } from '../config/load.ts';
import { Failover } from '../failover/failover.ts';
import { makeLogger } from '../log.ts';
import { machineHash } from '../machine-hash.ts';
import { startTakingOver } from './continuing.ts';

const SESSION = 'talk';
const PROOF = 'p';

/** A server that takes over a session of two turns, one old and one new. `problem`: of its store, at its start. */
async function takeover(problem?: Error) {
  const journals = new MemoryJournals();
  const talk = await Talk.open({ store: journals, textOnly: true, machine: machineHash() });
  for (const pauseMs of [120_000, 10_000]) {
    talk.send({ type: 'text', text: 'hello' });
    await talk.wait(pauseMs);
  }
  const { header, headerHash, records } = journals.journal();
  const clock = testClock();
  const { leases, stream } = new SharedBroker(clock).link({ delayMs: 0, fate: 'fine' });
  const passed = async <Result>(work: Promise<Result>): Promise<Result> => {
    await clock.advance(1_000);
    return work;
  };
  const lease = { server: 'a', url: 'ws://a', epoch: 1, proof: PROOF, machine: machineHash() };
  await passed(leases.swap(SESSION, lease, 0));
  const first = { ...opening, proof: PROOF, header, headerHash };
  const batch = { server: 'a', epoch: 1, number: 0, opening: first, records };
  await passed(stream.append(SESSION, batch, 0));

  const log = makeLogger('fatal', 'json');
  const logged: unknown[] = [];
  log.info = (...line: unknown[]) => void logged.push(line);
  const failover = new Failover({
    ...{ leases, stream, clock, log, wallMs: () => clock.nowMs(), machine: machineHash() },
    ...{ connected: () => true, onBack: () => {}, own: async () => [], silentMs: 600_000 },
    ...{ keptHours: 24, turnMs: 250, actionMs: 2_000 },
  });
  failover.reachableAt('ws://b');
  const dataDir = await temporaryFolder();
  const store = sqliteStore({ path: `${dataDir}/parley.db` });
  afterTest(() => store.close());
  const saved: string[] = [];
  const saving = (how: string) => async (turn: TurnRecord) => {
    saved.push(`${turn.turn} ${how}`);
    await store.saveTurn(turn);
  };
  const continuing = await startTakingOver({
    config: loadConfig({ flags: { dataDir } }),
    own: 'all',
    observers: [],
    stores: {
      continuable: {
        ...store,
        ...(problem && { continuable: () => Promise.reject(problem) }),
        saveTurn: saving('without events'),
      },
      store: { ...store, saveTurn: saving('with events') },
    },
    deps: {
      onProblem: (_session, error) => void saved.push(error.message),
    } as Partial<SessionDeps> as SessionDeps,
    ...{ clock, log, failover },
  });
  await passed(failover.find({ session: SESSION, proof: PROOF }));
  await passed(failover.find({ session: SESSION, proof: PROOF, failed: 'unreachable' }));
  const made = await continuing?.take(SESSION, {}, { message: () => {}, audio: () => {} });
  await continuing?.close();
  return { made, saved, logged };
}

it('a server that takes a session stores its turns, and publishes the events of the last ones only', async () => {
  const { made, saved } = await takeover();
  expect(made?.turns).toHaveLength(2);
  expect(saved.toSorted()).toEqual(['1 without events', '2 with events']);
});

it('a server whose store could not be read at its start takes sessions over nevertheless', async () => {
  const { made } = await takeover(new ParleyError('STORE_FAILED'));
  expect(made?.turns).toHaveLength(2);
});

it('a server that has rebuilt a session logs how long each stage took', async () => {
  const { made, logged } = await takeover();
  const ms = Object.fromEntries(['adopt', 'store', 'others', 'rebuild'].map((stage) => [stage, 0]));
  expect(logged).toContainEqual([
    { session: SESSION, records: made?.journal.records, ms },
    'a session was rebuilt',
  ]);
});
