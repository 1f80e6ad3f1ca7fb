/** A reminder robot: it speaks first, at its time, and asks until it is answered. */
import { assign, behaviour, report, say } from 'parley-voice/behaviour';

interface Reminder {
  what: string;
  minutes: number;
  /** Times that it reminded without an answer. */
  unanswered: number;
}

/** Between two reminders without an answer, and after "later". */
const AGAIN_MINUTES = 5;
const MINUTE_MS = 60_000;

export default behaviour({
  id: 'reminder',
  version: '1',
  phrases: {
    remind: [
      'remind me in {minutes} (minute | minutes) to {what}',
      'remind me to {what} in {minutes} (minute | minutes)',
    ],
    done: ['[yes] i have', '[yes] i did', '[it is] done', 'yes', 'already done'],
    later: ['later', 'not yet', 'no', 'in a moment', 'remind me later'],
    forget: ['forget it', 'forget the reminder', 'never mind'],
  },
  slots: {
    minutes: 'number 1..600',
    what: {
      'take my pills': 'take your pills',
      'drink some water': 'drink some water',
      'call my daughter': 'call your daughter',
    },
  },
  /** The calendar of the robot, or of its owner, may know the time too. */
  robotEvents: { 'reminder.due': { what: 'string' } },
  types: {} as { context: Reminder },
})
  .extend({ delays: { wait: ({ context }) => context.minutes * MINUTE_MS } })
  .createMachine({
    context: { what: '', minutes: 0, unanswered: 0 },
    initial: 'ready',
    on: {
      'robot.reminder.due': {
        target: '.reminding',
        actions: assign(({ event }) => ({ what: event.what, unanswered: 0 })),
      },
    },
    states: {
      ready: {
        on: {
          'heard.remind': {
            target: 'waiting',
            actions: [
              assign(({ event }) => ({
                what: event.slots.what ?? '',
                minutes: event.slots.minutes ?? AGAIN_MINUTES,
                unanswered: 0,
              })),
              say('I will remind you in {minutes} minutes to {what}.'),
            ],
          },
        },
      },

      waiting: {
        after: { wait: 'reminding' },
        on: { 'heard.forget': { target: 'ready', actions: say('All right.') } },
      },

      reminding: {
        invoke: {
          src: 'ask',
          input: ({ context }) => ({
            question: `It is time to ${context.what}. Have you done it?`,
            phrases: ['done', 'later'],
            retries: 1,
            silenceMs: 20_000,
          }),
          onDone: [
            {
              guard: ({ event }) => event.output.phrase === 'done',
              target: 'ready',
              actions: [report('done'), say('Very good.')],
            },
            {
              target: 'waiting',
              actions: [assign({ minutes: AGAIN_MINUTES }), say('I will ask again in {minutes} minutes.')],
            },
          ],
          onError: {
            target: 'waiting',
            actions: [
              assign(({ context }) => ({ minutes: AGAIN_MINUTES, unanswered: context.unanswered + 1 })),
              report('unanswered'),
            ],
          },
        },
        on: { 'heard.forget': { target: 'ready', actions: say('All right.') } },
      },
    },
  });
