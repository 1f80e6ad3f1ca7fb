import { describe, expect, it } from 'vitest';
import { behaviourProgram } from '../../actors/behaviour/program.ts';
import { aborted } from '../../actors/cancellation.ts';
import { parseDialog } from '../../actors/dialog/mod.ts';
import { assign, behaviour, report, say } from '../../machines/behaviour/define.ts';
import { type Scene, scene, type Talk } from '../session/scene.ts';
import { robotLog } from './robot-log.ts';

const shop = parseDialog(`
entries:
  - id: name
    phrases: what is your name
    replies: I am Parley.
`);

const courier = behaviour({
  id: 'courier',
  phrases: {
    bring: ['bring [me] {item} to room {room}', 'bring something to room {room}'],
    where: ['where are you'],
    cancel: ['cancel the order'],
  },
  slots: { item: ['coffee', 'towels', 'mail'], room: 'number 1..40' },
  robotEvents: { 'battery.low': { percent: 'number' } },
  types: {} as { context: { item?: string | undefined; room?: number | undefined } },
}).createMachine({
  context: {},
  initial: 'ready',
  on: {
    'robot.battery.low': {
      target: '.docking',
      actions: say('My battery is low. I am going home now.', { urgent: true }),
    },
  },
  states: {
    ready: {
      on: {
        'heard.bring': {
          target: 'order',
          actions: assign(({ event }) => ({ item: event.slots.item, room: event.slots.room })),
        },
      },
    },
    order: { always: [{ guard: ({ context }) => context.item === undefined, target: 'asking' }, 'driving'] },
    asking: {
      invoke: {
        src: 'ask',
        input: {
          question: 'What shall I bring?',
          slot: 'item',
          retries: 1,
          reprompts: ['Coffee, towels or mail?'],
        },
        onDone: { target: 'driving', actions: assign(({ event }) => ({ item: event.output.slots.item })) },
        onError: { target: 'ready', actions: say('Never mind.') },
      },
      on: { 'heard.where': { actions: say('I am at the door.') } },
    },
    driving: {
      entry: say('I am bringing {item} to room {room}.'),
      invoke: {
        src: 'act',
        input: ({ context }) => ({ name: 'drive', args: { room: context.room ?? 0 } }),
        onDone: { target: 'arrived', actions: report('arrived', { by: 'lift' }) },
        onError: 'stuck',
      },
      on: { 'heard.where': { actions: say('I am on my way.') }, 'heard.cancel': 'ready' },
    },
    arrived: {
      invoke: { src: 'say', input: { text: 'Here is your order.' }, onDone: 'ready' },
    },
    stuck: { entry: say('I am stuck.'), on: { rearmed: 'driving' } },
    docking: { invoke: { src: 'act', input: { name: 'dock' }, onDone: 'ready', onError: 'ready' } },
  },
});

const program = behaviourProgram(courier);
/** The client reports how its actions end. */
const begin = (more: Scene = {}) =>
  scene({
    ...{ behaviour: program, results: true, output: 'text' },
    actions: { run: (_, signal) => aborted(signal) },
    ...more,
  });
const at = (talk: Talk) => talk.of('action').findLast(({ status }) => status === 'started')?.id ?? '';

const type = (talk: Talk, text: string) => {
  talk.send({ type: 'text', text });
  return talk.wait(10);
};

describe('a behaviour', () => {
  it('asks what is missing, acts, reports and says how it ended', async () => {
    const talk = await begin();
    await type(talk, 'bring something to room twelve');
    await type(talk, 'coffee please');
    await type(talk, 'where are you');
    talk.send({ type: 'action.result', id: at(talk), status: 'done' });
    await talk.wait(10);
    expect(robotLog(talk.heard)).toEqual([
      'said: What shall I bring?',
      'drive started',
      'said: I am bringing coffee to room 12.',
      'said: I am on my way.',
      'drive done',
      'reports arrived',
      'said: Here is your order.',
    ]);
    expect(talk.turns.map(({ userText, replyText }) => `${userText} → ${replyText}`)).toEqual([
      'bring something to room twelve → What shall I bring?',
      'coffee please → I am bringing coffee to room 12.',
      'where are you → I am on my way.',
      ' → Here is your order.',
    ]);
  });

  it('lets the language engine answer what it has no way for, and asks again', async () => {
    const talk = await begin({ behaviour: behaviourProgram(courier, shop), replies: ['I am Parley.'] });
    await type(talk, 'bring something to room 4');
    await type(talk, 'what is your name');
    await talk.wait(1_000);
    await type(talk, 'towels');
    expect(robotLog(talk.heard)).toEqual([
      'said: What shall I bring?',
      'said: I am Parley.',
      'said: What shall I bring?',
      'drive started',
      'said: I am bringing towels to room 4.',
    ]);
  });

  it('asks in other words after an answer that is none, and after silence it gives up', async () => {
    const talk = await begin();
    await type(talk, 'bring something to room 4');
    await type(talk, 'the moon');
    await talk.wait(7_000);
    expect(robotLog(talk.heard)).toEqual(['said: What shall I bring?', 'said: Coffee, towels or mail?']);
    await talk.wait(1_500);
    expect(robotLog(talk.heard).slice(2)).toEqual(['said: Never mind.']);
  });

  it('answers a question in between and goes back to its own', async () => {
    const talk = await begin();
    await type(talk, 'bring something to room 4');
    await type(talk, 'where are you');
    expect(robotLog(talk.heard)).toEqual([
      'said: What shall I bring?',
      'said: I am at the door.',
      'said: What shall I bring?',
    ]);
  });

  it('ends the action of a state that is left, by a word or by an event of the robot', async () => {
    const talk = await begin();
    await type(talk, 'bring mail to room 4');
    await type(talk, 'cancel the order');
    await type(talk, 'bring mail to room 5');
    talk.send({ type: 'event', name: 'battery.low', data: { percent: 9 } });
    await talk.wait(10);
    expect(robotLog(talk.heard)).toEqual([
      'drive started',
      'said: I am bringing mail to room 4.',
      'drive cancelled',
      'drive started',
      'said: I am bringing mail to room 5.',
      'drive cancelled',
      'dock started',
      'said: My battery is low. I am going home now.',
    ]);
    const started = talk.of('action').filter(({ status }) => status === 'started');
    expect(started.map(({ key }) => key)).toEqual([
      'test/courier.driving/1',
      'test/courier.driving/2',
      'test/courier.docking/1',
    ]);
  });

  it('names its actions by the path of their state, also of one with an id of its own', async () => {
    const named = behaviourProgram(
      behaviour({ id: 'named', phrases: { go: ['go'] } }).createMachine({
        initial: 'here',
        states: {
          here: { on: { 'heard.go': '#away' } },
          out: {
            initial: 'far',
            states: {
              far: {
                id: 'away',
                invoke: { id: 'walk', src: 'act', input: { name: 'walk' }, onDone: '#home' },
              },
            },
          },
          home: { id: 'home' },
        },
      }),
    );
    const talk = await begin({ behaviour: named });
    await type(talk, 'go');
    expect(talk.of('action').map(({ key }) => key)).toEqual(['test/named.out.far/1']);
  });

  it('refuses an event of the robot that it does not declare', async () => {
    const talk = await begin();
    talk.send({ type: 'event', name: 'batery.low', data: { percent: 9 } });
    talk.send({ type: 'event', name: 'battery.low', data: { percent: 'nine' } });
    await talk.wait(10);
    expect(talk.of('error').map(({ message }) => message)).toEqual([
      'the behaviour does not take this event of the robot: unknown event "batery.low"; did you mean "battery.low"?',
      'the behaviour does not take this event of the robot: battery.low.percent must be a number',
    ]);
  });

  it('begins nothing while the robot is stopped', async () => {
    const talk = await begin();
    await type(talk, 'bring mail to room 4');
    talk.send({ type: 'halt' });
    await talk.wait(10);
    talk.send({ type: 'event', name: 'battery.low', data: { percent: 9 } });
    await talk.wait(10_000);
    expect(robotLog(talk.heard).slice(2)).toEqual(['drive cancelled']);
    talk.send({ type: 'rearm' });
    await talk.wait(10);
    expect(robotLog(talk.heard).slice(3)).toEqual([]);
    await type(talk, 'bring mail to room 6');
    expect(robotLog(talk.heard).slice(3)).toEqual(['drive started', 'said: I am bringing mail to room 6.']);
  });

  it('decides after rearm what going on means', async () => {
    const talk = await begin();
    await type(talk, 'bring mail to room 4');
    talk.send({ type: 'halt' });
    await talk.wait(10);
    talk.send({ type: 'rearm' });
    await talk.wait(10);
    expect(robotLog(talk.heard).slice(2)).toEqual(['drive cancelled', 'said: I am stuck.']);
  });
});
