/** What holds for every behaviour, whatever its chart does. */
import { describe, expect, it } from 'vitest';
import { behaviourProgram } from '../../actors/behaviour/program.ts';
import { assign, behaviour, type SayInput, say } from '../../machines/behaviour/define.ts';
import { identityOf } from '../../machines/behaviour/program.ts';
import { SessionKernel } from '../../machines/kernel.ts';
import { sessionValue } from '../../machines/session/regions.ts';
import { parameters, scene } from '../session/scene.ts';
import { robotLog } from './robot-log.ts';

const guide = behaviour({
  id: 'guide',
  phrases: { tour: ['start the tour'], next: ['next'], leave: ['leave it'] },
  types: {} as { context: { seen?: unknown } },
});

/** One long text, said as `whenInterrupted` has it. */
const tour = (more: Omit<SayInput, 'text'>) =>
  behaviourProgram(
    guide.createMachine({
      context: {},
      initial: 'waiting',
      states: {
        waiting: { on: { 'heard.tour': 'telling' } },
        telling: {
          invoke: { src: 'say', input: { text: 'There are two chairs by a desk.', ...more }, onDone: 'over' },
          on: { 'heard.leave': 'waiting' },
        },
        over: { entry: say('That is all.') },
      },
    }),
  );

/** A tour that the user interrupts once with words, after some of it was heard. */
async function interrupted(more: Omit<SayInput, 'text'>, words: string) {
  const talk = await scene({ behaviour: tour(more), said: [{ partial: words, text: words }] });
  talk.send({ type: 'text', text: 'start the tour' });
  await talk.until(() => talk.state === 'speaking');
  await talk.wait(900);
  await talk.speak(900);
  await talk.beSilent(2_000);
  await talk.wait(12_000);
  return robotLog(talk.heard);
}

it('begins nothing in a state that is left within the step', async () => {
  const through = behaviourProgram(
    guide.createMachine({
      context: {},
      initial: 'waiting',
      states: {
        waiting: { on: { 'heard.tour': 'passing' } },
        passing: { invoke: { src: 'say', input: { text: 'Off we go.' } }, always: 'gone' },
        gone: { entry: say('That is all.') },
      },
    }),
  );
  const talk = await scene({ behaviour: through, output: 'text' });
  talk.send({ type: 'text', text: 'start the tour' });
  await talk.wait(10);
  expect(robotLog(talk.heard)).toEqual(['said: That is all.']);
});

it('begins nothing when its session ends', async () => {
  const leaving = behaviourProgram(
    guide.createMachine({
      context: {},
      initial: 'waiting',
      states: {
        waiting: { on: { 'heard.tour': 'telling' } },
        telling: {
          invoke: { src: 'say', input: { text: 'There are two chairs by a desk.' }, onDone: 'going' },
        },
        going: { invoke: { src: 'act', input: { name: 'go' }, onDone: 'waiting', onError: 'waiting' } },
      },
    }),
  );
  const talk = await scene({ behaviour: leaving, results: true });
  talk.send({ type: 'text', text: 'start the tour' });
  await talk.until(() => talk.state === 'speaking');
  // Its end checks every promise.
  await talk.end();
  expect(robotLog(talk.heard).filter((line) => line.startsWith('go'))).toEqual([]);
});

describe('a text that the user interrupts', () => {
  const answer = 'said: There are two chairs by a desk.';

  it('is dropped, and its state goes on', async () => {
    expect(await interrupted({}, 'what is that over there')).toEqual([
      expect.stringMatching(/^interrupted after: There are/u),
      answer,
      'said: That is all.',
    ]);
  });

  it('is said again after the answer to the user', async () => {
    expect(await interrupted({ whenInterrupted: 'repeat' }, 'what is that over there')).toEqual([
      expect.stringMatching(/^interrupted after: There are/u),
      answer,
      'said: There are two chairs by a desk.',
      'said: That is all.',
    ]);
  });

  it('goes on where it was interrupted', async () => {
    const log = await interrupted({ whenInterrupted: 'resume' }, 'what is that over there');
    const [first = '', second, third = ''] = log;
    expect(second).toBe(answer);
    expect(`${first.replace('interrupted after: ', '')} ${third.replace('said: ', '')}`).toBe(
      'There are two chairs by a desk.',
    );
    expect(log[3]).toBe('said: That is all.');
  });

  it('is not said any more once its state is left', async () => {
    expect(await interrupted({ whenInterrupted: 'repeat' }, 'leave it')).toEqual([
      expect.stringMatching(/^interrupted after: There are/u),
    ]);
  });
});

describe('a behaviour that fails', () => {
  const broken = {
    'throws in a guard': guide.createMachine({
      context: {},
      on: {
        'heard.next': {
          guard: () => {
            throw new Error('no map');
          },
          actions: say('Next.'),
        },
      },
    }),
    'has a context that is not JSON': guide.createMachine({
      context: {},
      on: { 'heard.next': { actions: assign({ seen: () => new Date(0) }) } },
    }),
    'goes round in a circle': guide.createMachine({
      context: {},
      initial: 'here',
      states: {
        here: { on: { 'heard.next': 'there' } },
        there: { always: 'back' },
        back: { always: 'there' },
      },
    }),
  };
  it.each(Object.entries(broken))('because it %s ends alone: the conversation goes on', async (_, chart) => {
    const talk = await scene({ behaviour: behaviourProgram(chart), output: 'text' });
    talk.send({ type: 'text', text: 'next' });
    await talk.wait(1_000);
    talk.send({ type: 'text', text: 'hello' });
    await talk.wait(2_000);
    expect(robotLog(talk.heard)).toEqual([
      'BEHAVIOUR_FAILED',
      'said: My task has failed. You can still talk to me.',
      'said: There are two chairs by a desk.',
    ]);
  });
});

it('goes on from its snapshot as if nothing had happened', () => {
  const program = behaviourProgram(
    guide.createMachine({
      context: {},
      initial: 'waiting',
      states: {
        waiting: { on: { 'heard.tour': 'asking' } },
        asking: {
          invoke: {
            src: 'ask',
            input: { question: 'Now?', phrases: ['next'] },
            onDone: 'over',
            onError: 'over',
          },
          after: { 60000: 'over' },
        },
        over: { entry: say('Over.') },
      },
    }),
  );
  const input = {
    ...({ language: 'en', outputRate: 24_000, seed: 1, memory: false, output: 'text' } as const),
    behaviour: identityOf(program),
  } as const;
  const first = new SessionKernel(parameters({}), input, { behaviour: program });
  first.step({ type: 'text', text: 'start the tour' }, 10);
  first.step({ type: 'xstate.done.actor.actions' }, 20);
  const { value, regions, context, timers, behaviour: snapshot } = JSON.parse(JSON.stringify(first.plain()));
  const second = new SessionKernel(parameters({}), input, {
    from: {
      ...{ seq: 2, timers, behaviour: snapshot, value: sessionValue(value, regions) },
      context: { ...first.context, ...context },
    },
    behaviour: program,
  });
  expect(snapshot.parts).toMatchObject({ '0.(machine).asking': { kind: 'ask', asked: true } });
  for (const [text, atMs] of [
    ['nonsense', 30],
    ['next', 40],
  ] as const)
    expect(second.step({ type: 'text', text }, atMs).commands).toEqual(
      first.step({ type: 'text', text }, atMs).commands,
    );
  expect(second.plain()).toEqual(first.plain());
});
