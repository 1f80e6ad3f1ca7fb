/** A coffee kiosk: it takes an order in any words, says the price, takes the money once, and brews. */
import { assign, behaviour, report, say } from 'parley-voice/behaviour';

interface Order {
  drink?: string | undefined;
  size?: string | undefined;
  milk?: string | undefined;
  cups?: number | undefined;
  /** In words: "4.20". */
  price?: string;
}

/** Euros. */
const PRICES: Readonly<Record<string, number>> = { latte: 3.2, cappuccino: 3, espresso: 2 };
const SIZES: Readonly<Record<string, number>> = { small: 0, medium: 0.5, large: 1 };

function priceOf({ drink = '', size = '', cups = 1 }: Order): string {
  return (cups * ((PRICES[drink] ?? 0) + (SIZES[size] ?? 0))).toFixed(2);
}

export default behaviour({
  id: 'coffee',
  version: '1',
  phrases: {
    order: [
      '(hello | hi | good morning)',
      '[hello | hi] [i would like | i want | can i have | i will take] [a | an] [{size}] {drink} [with {milk}]',
      '[i would like | i want] [a] coffee',
    ],
    again: ['(try | pay) again', 'yes [please]'],
    stop: ['no [thanks]', 'never mind', 'cancel'],
  },
  slots: {
    drink: ['latte', 'cappuccino', 'espresso'],
    size: ['small', 'medium', 'large'],
    milk: ['milk', 'oat milk', 'no milk'],
    cups: 'number 1..20',
  },
  robotEvents: { 'person.near': {} },
  types: {} as { context: Order },
}).createMachine({
  context: {},
  initial: 'ready',
  states: {
    ready: {
      entry: assign({ drink: undefined, size: undefined, milk: undefined, cups: undefined }),
      on: {
        'robot.person.near': { target: 'order', actions: say('Good morning!') },
        'heard.order': {
          target: 'order',
          actions: assign(({ event }) => ({
            drink: event.slots.drink,
            size: event.slots.size,
            milk: event.slots.milk,
          })),
        },
      },
    },

    /** Asks for what the first sentence did not have. */
    order: {
      invoke: {
        src: 'form',
        input: ({ context }) => ({
          fields: [
            {
              name: 'drink',
              question: 'What would you like?',
              reprompts: ['Latte, cappuccino or espresso?'],
            },
            { name: 'size', question: 'Which size?', confirmBelow: 0.4 },
            {
              name: 'milk',
              question: 'Which milk?',
              reprompts: ['Milk, oat milk or no milk?'],
              confirmBelow: 0.4,
            },
            { name: 'cups', optional: true, check: { max: 6, says: 'I can make six at most.' } },
          ],
          confirm: '{cups} {size} {drink}, {milk}. Is that right?',
          known: {
            ...(context.drink !== undefined && { drink: context.drink }),
            ...(context.size !== undefined && { size: context.size }),
            ...(context.milk !== undefined && { milk: context.milk }),
          },
        }),
        onDone: {
          target: 'paying',
          actions: assign(({ event }) => {
            const { drink, size, milk, cups } = event.output.slots;
            return { drink, size, milk, cups, price: priceOf({ drink, size, cups }) };
          }),
        },
        onError: { target: 'ready', actions: say('All right. See you soon.') },
      },
    },

    /** The key of the action stays the same if the session goes on elsewhere: the customer pays once. */
    paying: {
      entry: say('That is {price} euros. Please hold your card to the reader.'),
      invoke: {
        src: 'act',
        input: ({ context }) => ({ name: 'pay', args: { euros: context.price ?? '0.00' } }),
        onDone: 'brewing',
        onError: 'unpaid',
      },
      on: { 'heard.stop': { target: 'ready', actions: say('All right, you pay nothing.') } },
    },

    unpaid: {
      invoke: {
        src: 'ask',
        input: {
          question: 'The payment did not work. Shall I try again?',
          phrases: ['again', 'stop'],
          retries: 1,
        },
        onDone: [
          { guard: ({ event }) => event.output.phrase === 'again', target: 'paying' },
          { target: 'ready', actions: say('All right, you pay nothing.') },
        ],
        onError: 'ready',
      },
    },

    brewing: {
      entry: [report('paid'), say('Thank you. I am making your {drink}.')],
      invoke: {
        src: 'act',
        input: ({ context }) => ({
          name: 'brew',
          args: {
            drink: context.drink ?? '',
            size: context.size ?? '',
            milk: context.milk ?? '',
            cups: context.cups ?? 1,
          },
        }),
        onDone: { target: 'ready', actions: say('Here you are. Enjoy it!') },
        onError: {
          target: 'ready',
          actions: [report('broken'), say('I am sorry, the machine does not work.')],
        },
      },
    },
  },
});
