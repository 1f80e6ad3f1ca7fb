import { expect, it } from 'vitest';
import { behaviourProgram } from '../../actors/behaviour/program.ts';
import { assign, behaviour, report, say } from '../../machines/behaviour/define.ts';
import type { SttScript } from '../../testing/scripted-engines.ts';
import { scene, say as speak, type Talk } from '../session/scene.ts';
import { robotLog } from './robot-log.ts';

const setup = behaviour({
  id: 'host',
  phrases: { hello: ['hello'], bye: ['goodbye'] },
  slots: { room: 'number 1..40' },
  types: {} as { context: { room?: number | undefined } },
});

const type = async (talk: Talk, text: string) => {
  talk.send({ type: 'text', text });
  await talk.wait(10);
};

it('gets the silence of the user, measured anew after each word and each text', async () => {
  const host = setup.createMachine({
    context: {},
    initial: 'away',
    states: {
      away: { on: { 'heard.hello': 'here' } },
      here: {
        meta: { silenceMs: 5_000 },
        on: {
          silence: { actions: say('Are you there?') },
          'heard.hello': { actions: report('greeted') },
          'heard.bye': 'away',
        },
      },
    },
  });
  const talk = await scene({ behaviour: behaviourProgram(host), output: 'text' });
  await talk.wait(9_000);
  await type(talk, 'hello');
  await talk.wait(4_000);
  await type(talk, 'hello');
  await talk.wait(4_000);
  expect(robotLog(talk.heard)).toEqual(['reports greeted']);
  await talk.wait(1_000);
  expect(robotLog(talk.heard).slice(1)).toEqual(['said: Are you there?']);
  await talk.wait(5_100);
  expect(robotLog(talk.heard).slice(2)).toEqual(['said: Are you there?']);
  await type(talk, 'goodbye');
  await talk.wait(20_000);
  expect(robotLog(talk.heard).slice(3)).toEqual([]);
});

it('learns that a text was said', async () => {
  const host = setup.createMachine({
    context: {},
    initial: 'away',
    states: {
      away: { on: { 'heard.hello': { target: 'greeting', actions: say('Welcome.') } } },
      greeting: { on: { said: { target: 'away', actions: report('greeted') } } },
    },
  });
  const talk = await scene({ behaviour: behaviourProgram(host), output: 'text' });
  await type(talk, 'hello');
  expect(robotLog(talk.heard)).toEqual(['said: Welcome.', 'reports greeted']);
});

const asking = behaviourProgram(
  setup.createMachine({
    context: {},
    initial: 'away',
    states: {
      away: { on: { 'heard.hello': 'asking' } },
      asking: {
        invoke: {
          src: 'ask',
          input: { question: 'To which room?', slot: 'room', confirmBelow: 0.95 },
          onDone: {
            target: 'away',
            actions: [assign(({ event }) => ({ room: event.output.slots.room })), say('Room {room}.')],
          },
          onError: 'away',
        },
      },
    },
  }),
);

/** Says the answers one after the other. */
async function answers(...said: readonly SttScript[]) {
  const talk = await scene({ behaviour: asking, said });
  await type(talk, 'hello');
  for (const _ of said) {
    await talk.until(() => talk.state === 'idle');
    await speak(talk, 700);
  }
  await talk.wait(3_000);
  return robotLog(talk.heard);
}

const unsure = { partial: 'room twelve', text: 'room twelve', confidence: 0.9 };
const sure = { partial: 'room twenty', text: 'room twenty', confidence: 0.99 };

it('waits for the whole time after an answer that is none', async () => {
  const talk = await scene({ behaviour: asking, output: 'text' });
  await type(talk, 'hello');
  await talk.wait(5_000);
  await type(talk, 'the moon');
  await talk.wait(7_900);
  expect(robotLog(talk.heard)).toEqual(['said: To which room?', 'said: To which room?']);
  await talk.wait(200);
  expect(robotLog(talk.heard).length).toBe(3);
});

it('confirms an answer that is not sure', async () => {
  expect(await answers(unsure, { partial: 'yes', text: 'yes' })).toEqual([
    'said: To which room?',
    'said: Did you say: room twelve?',
    'said: Room 12.',
  ]);
});

it('asks again after a no', async () => {
  expect(await answers(unsure, { partial: 'no', text: 'no' }, sure)).toEqual([
    'said: To which room?',
    'said: Did you say: room twelve?',
    'said: To which room?',
    'said: Room 20.',
  ]);
});

it('takes another answer in place of the yes', async () => {
  expect(await answers(unsure, sure)).toEqual([
    'said: To which room?',
    'said: Did you say: room twelve?',
    'said: Room 20.',
  ]);
});
