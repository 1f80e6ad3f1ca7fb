import { expect, it } from 'vitest';
import { assign, behaviour, say } from './define.ts';

const delivery = behaviour({
  id: 'delivery',
  phrases: {
    bring: ['bring [me] {item} to room {room}', 'bring something to room {room}'],
    where: ['where are you'],
  },
  slots: { item: ['coffee', 'towels'], room: 'number 1..40', pin: 'digits 4' },
  robotEvents: { 'battery.low': { percent: 'number' }, 'box.closed': {} },
  types: {} as { context: { item?: 'coffee' | 'towels' | undefined; room?: number | undefined } },
});

it('gives phrases, slots and events of the robot their types', () => {
  const machine = delivery.createMachine({
    context: {},
    initial: 'ready',
    on: { 'robot.battery.low': { actions: assign(({ event }) => ({ room: event.percent })) } },
    states: {
      ready: {
        on: {
          'heard.bring': {
            target: 'asking',
            actions: assign(({ event }) => ({ item: event.slots.item, room: event.slots.room })),
          },
          'heard.where': { actions: say('I am here.') },
          // @ts-expect-error an unknown phrase
          'heard.brnig': {},
        },
      },
      asking: {
        invoke: {
          src: 'ask',
          input: { question: 'What shall I bring?', slot: 'item', retries: 2 },
          onDone: { target: 'driving', actions: assign(({ event }) => ({ item: event.output.slots.item })) },
          onError: 'ready',
        },
      },
      driving: {
        invoke: {
          src: 'act',
          input: ({ context }) => ({ name: 'drive', args: { room: context.room ?? 0 } }),
        },
      },
      wrong: {
        // @ts-expect-error an unknown slot
        invoke: { src: 'ask', input: { question: 'What?', slot: 'itme' } },
      },
    },
  });
  expect(machine.implementations.actors.say).toMatchObject({ definition: { id: 'delivery' } });
});

it('refuses a slot that it does not have, when it is compiled', () => {
  const define = () =>
    behaviour({
      id: 'wrong',
      phrases: {
        // @ts-expect-error an unknown slot
        bring: ['bring {itme}'],
      },
      slots: { item: ['coffee'] },
    });
  expect(define).not.toThrow();
});
