/** A delivery robot: it takes an order, drives, reports, and hands over by PIN. */
import { assign, behaviour, report, say } from 'parley-voice/behaviour';

interface Order {
  item?: string | undefined;
  room?: number | undefined;
  /** Wrong PINs so far. */
  wrong: number;
}

/** Of every customer, so that the example can be tried. */
const PIN = '2468';
const MAX_WRONG = 2;

export default behaviour({
  id: 'delivery',
  version: '1',
  phrases: {
    bring: [
      '(bring | take | deliver) [me] [the | a | some] {item} to room {room}',
      '(bring | take | deliver) [me] [the | a | some] {item}',
      'bring something to room {room}',
    ],
    where: ['where are you', 'how long will it take'],
    cancel: ['(cancel | forget) (it | the order)', 'never mind'],
    goOn: ['go on', 'continue'],
  },
  slots: { item: ['coffee', 'towels', 'mail'], room: 'number 1..40', pin: 'digits 4' },
  robotEvents: { 'battery.low': { percent: 'number' }, 'box.closed': {} },
  types: {} as { context: Order },
}).createMachine({
  context: { wrong: 0 },
  initial: 'ready',
  on: {
    'robot.battery.low': {
      target: '.docking',
      actions: say('My battery is low. I am going home now.', { urgent: true }),
    },
  },
  states: {
    ready: {
      id: 'ready',
      entry: assign({ item: undefined, room: undefined, wrong: 0 }),
      on: {
        'heard.bring': {
          target: 'order',
          actions: assign(({ event }) => ({ item: event.slots.item, room: event.slots.room })),
        },
      },
    },

    /** Asks for what is missing. */
    order: {
      initial: 'checking',
      on: { 'heard.cancel': { target: 'ready', actions: say('All right.') } },
      states: {
        checking: {
          always: [
            { guard: ({ context }) => context.item === undefined, target: 'item' },
            { guard: ({ context }) => context.room === undefined, target: 'room' },
            { target: '#driving' },
          ],
        },
        item: {
          invoke: {
            src: 'ask',
            input: {
              question: 'What shall I bring?',
              slot: 'item',
              reprompts: ['Coffee, towels or mail?'],
            },
            onDone: {
              target: 'checking',
              actions: assign(({ event }) => ({ item: event.output.slots.item })),
            },
            onError: '#ready',
          },
        },
        room: {
          invoke: {
            src: 'ask',
            input: { question: 'To which room?', slot: 'room' },
            onDone: {
              target: 'checking',
              actions: assign(({ event }) => ({ room: event.output.slots.room })),
            },
            onError: '#ready',
          },
        },
      },
    },

    driving: {
      id: 'driving',
      entry: say('I am bringing {item} to room {room}.'),
      invoke: {
        src: 'act',
        input: ({ context }) => ({ name: 'drive', args: { room: context.room ?? 0 } }),
        onDone: { target: 'handOver', actions: report('arrived') },
        onError: 'stuck',
      },
      on: {
        'heard.where': { actions: say('I am on my way to room {room}.') },
        'heard.cancel': { target: 'docking', actions: say('All right, I am going back.') },
      },
    },

    /** The PIN: two tries, and a reminder in between. */
    handOver: {
      invoke: {
        src: 'ask',
        input: {
          question: 'I have {item} for you. Please tell me your PIN.',
          slot: 'pin',
          reprompts: ['Four digits, please.'],
        },
        onDone: [
          { guard: ({ event }) => event.output.slots.pin === PIN, target: 'open' },
          {
            guard: ({ context }) => context.wrong + 1 < MAX_WRONG,
            target: 'handOver',
            reenter: true,
            actions: [assign(({ context }) => ({ wrong: context.wrong + 1 })), say('That is not the PIN.')],
          },
          { target: 'docking', actions: [report('refused'), say('I am sorry. I am taking it back.')] },
        ],
        onError: { target: 'docking', actions: [report('nobody'), say('Nobody is here. I am going back.')] },
      },
    },

    open: {
      entry: say('Here you are.'),
      invoke: { src: 'act', input: { name: 'open' }, onError: 'stuck' },
      on: { 'robot.box.closed': 'docking' },
      after: { 60000: 'docking' },
    },

    stuck: {
      entry: [report('stuck'), say('I cannot go on.')],
      on: { 'heard.goOn': 'driving', 'heard.cancel': 'docking' },
    },

    docking: {
      invoke: { src: 'act', input: { name: 'dock' }, onDone: 'ready', onError: 'ready' },
    },
  },
});
