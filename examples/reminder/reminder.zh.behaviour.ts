/** The reminder robot in Chinese. */
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
  language: 'zh',
  phrases: {
    remind: ['{minutes}分钟后提醒我{what}', '提醒我{minutes}分钟后{what}'],
    done: ['[已经](好了 | 做了 | 吃了 | 喝了 | 打了)', '是的'],
    later: ['等一下', '还没有', '待会儿', '没有'],
    forget: ['算了', '不用提醒了'],
  },
  slots: {
    minutes: 'number 1..600',
    what: { 吃药: '吃药', 喝水: '喝水', 给女儿打电话: '给女儿打电话' },
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
              say('好的，{minutes}分钟后提醒您{what}。'),
            ],
          },
        },
      },

      waiting: {
        after: { wait: 'reminding' },
        on: { 'heard.forget': { target: 'ready', actions: say('好的。') } },
      },

      reminding: {
        invoke: {
          src: 'ask',
          input: ({ context }) => ({
            question: `该${context.what}了。好了吗？`,
            phrases: ['done', 'later'],
            retries: 1,
            silenceMs: 20_000,
          }),
          onDone: [
            {
              guard: ({ event }) => event.output.phrase === 'done',
              target: 'ready',
              actions: [report('done'), say('很好。')],
            },
            {
              target: 'waiting',
              actions: [assign({ minutes: AGAIN_MINUTES }), say('那我{minutes}分钟后再问。')],
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
        on: { 'heard.forget': { target: 'ready', actions: say('好的。') } },
      },
    },
  });
