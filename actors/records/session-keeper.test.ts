import { expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { SessionKernel } from '../../machines/kernel.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import { CONTEXT_VERSION } from '../../machines/session/context-version.ts';
import { RecordKeeper } from './record-keeper.ts';
import { SessionKeeper } from './session-keeper.ts';
import { readSnapshot } from './snapshot.ts';

it('a turn that has ended is in the record of that moment, until the store has it', async () => {
  const clock = new VirtualClock();
  const saved: unknown[] = [];
  const record = new RecordKeeper({
    ...{ session: 's', owner: 'a', opening: { startedAt: '', language: 'en', proof: 'p' } },
    records: {
      load: async () => undefined,
      save: async (_session, { snapshot }, revision) => {
        saved.push(readSnapshot(snapshot, CONTEXT_VERSION)?.unsaved);
        return revision + 1;
      },
      delete: async () => {},
    },
    ...{ clock, wallMs: () => clock.nowMs(), onFenced: () => {}, onProblem: () => {} },
  });
  const input = { language: 'en', outputRate: 24_000, seed: 1, memory: false, session: 's' } as const;
  const kernel = new SessionKernel(defaultParameters, input);
  const keeper = new SessionKeeper(record, () => [kernel, 0]);
  const turn = {
    ...{ turn: 1, generation: 1, userText: 'hello', replyText: 'Hi.', heard: 'Hi.' },
    ...{ reason: 'completed' as const, timings: {}, endedAtMs: 5 },
  } as const;
  keeper.stepped({ ...kernel.initial, commands: [{ type: 'persist', turn }] }, undefined, 1);
  await record.saved();
  keeper.saving(turn, Promise.resolve());
  await clock.advance(250);
  expect(saved).toEqual([[turn], []]);
});
