/** Facts about calls that come late: an end after the last round, a schema that changed after the question, a lost connection. */
import { describe, expect, it } from 'vitest';
import type { Tool } from '../../machines/wire.ts';
import { askByText, backToIdle } from './scene.ts';
import { calls, heard, outcome, workshop } from './workshop.ts';

describe('a call that outlives its reply and begins in the last round', () => {
  const rounds = [calls('', 'look'), calls('', 'look'), calls('', 'look'), calls('It runs.', 'log')];

  it.each([{}, { fails: true as const }])(
    'is reported to the model when it has ended, which says so (%j)',
    async (how) => {
      const talk = await workshop({
        replies: [...rounds, 'It has ended.'],
        gives: { log: { afterMs: 20_000, ...how } },
      });
      await askByText(talk, 'log it');
      await backToIdle(talk);
      await talk.wait(30_000);
      expect(heard(talk)).toEqual(['It runs.', 'It has ended.']);
      expect(
        talk.asked
          .at(-1)
          ?.flatMap(({ actions = [] }) => actions)
          .at(-1),
      ).toEqual(
        outcome(
          '1.3-log',
          'log',
          'fails' in how
            ? { status: 'failed', message: 'out of cheese' }
            : { status: 'done', data: { found: 'log' } },
        ),
      );
    },
  );
});

describe('a call that the user must allow, whose tool changes before the yes', () => {
  const LARGE = { type: 'action', id: 'p', name: 'pizza', args: { size: 'large' } } as const;
  const pizza = (sizes: readonly string[]): Tool => ({
    ...{ name: 'pizza', description: '', whenInterrupted: 'finish', policy: 'ask' },
    question: 'Shall I order?',
    parameters: { type: 'object', properties: { size: { enum: [...sizes] } } },
  });
  const WIDER = pizza(['small', 'large', 'huge']);
  const NARROWER = pizza(['small']);
  const WHY = 'size: does not match any of ["small"] (enum)';

  /** A server or a client that offers `pizza`, and later what `changes` says. */
  async function pizzeria(by: 'server' | 'client', changes: readonly Tool[]) {
    let offered: readonly Tool[] = by === 'server' ? [pizza(['large'])] : [];
    const changed: (() => void)[] = [];
    const talk = await workshop({
      tools: {
        get tools() {
          return offered;
        },
        watch(change) {
          changed.push(change);
          return () => {};
        },
      },
      replies: [{ text: '', actions: [LARGE] }, 'It did not work.'],
    });
    if (by === 'client') talk.send({ type: 'settings', tools: [pizza(['large'])] });
    await askByText(talk, 'I am hungry');
    await talk.until(() => heard(talk).length === 1);
    expect(heard(talk)).toEqual(['Shall I order?']);
    for (const tool of changes) {
      offered = [tool];
      if (by === 'client') talk.send({ type: 'settings', tools: [tool] });
      else for (const change of changed) change();
    }
    await askByText(talk, 'yes');
    await backToIdle(talk);
    return talk;
  }

  it.each(['server', 'client'] as const)(
    'does not begin if its arguments do not fit any more (%s)',
    async (by) => {
      const talk = await pizzeria(by, [NARROWER]);
      expect(talk.ran).toEqual([]);
      expect(talk.of('action')).toEqual([]);
      expect(talk.of('error')).toMatchObject([{ code: 'ACTION_INVALID' }]);
      expect(talk.of('error')[0]?.message).toContain(`pizza: ${WHY}`);
      expect(talk.asked[1]?.flatMap(({ actions = [] }) => actions)).toMatchObject([
        { id: '1-p', result: { status: 'failed', message: WHY } },
      ]);
      expect(heard(talk).at(-1)).toBe('All right. It did not work.');
    },
  );

  it.each([[WIDER], [NARROWER, WIDER]])('begins if they fit', async (...changes) => {
    for (const by of ['server', 'client'] as const) {
      const talk = await pizzeria(by, changes);
      expect(talk.ran).toMatchObject([{ id: '1-p', args: { size: 'large' } }]);
      expect(talk.of('error')).toEqual([]);
    }
  });
});
