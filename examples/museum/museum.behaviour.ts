/** A museum guide: a tour with questions in between, which a language model answers. It goes on where it was. */
import { assign, behaviour, report, say } from 'parley-voice/behaviour';

interface Tour {
  /** Index of the exhibit, and of the sentence about it. */
  stop: number;
  sentence: number;
  /** Whether the guide stands before the exhibit. */
  there: boolean;
}

const EXHIBITS = [
  {
    name: 'dinosaur',
    sentences: [
      'This is a dinosaur, found in a clay pit not far from here.',
      'It ate plants, and weighed as much as two elephants.',
    ],
  },
  {
    name: 'clock',
    sentences: ['This clock was made for a church tower.', 'It loses one second in a year.'],
  },
  {
    name: 'telescope',
    sentences: ['With this telescope a local baker found a comet.', 'The comet comes back in sixty years.'],
  },
];
const INSTRUCTIONS = `You are the guide of a small museum, and you speak aloud: answer in one or two short sentences.
The exhibits are a dinosaur, a clock from a church tower, and a telescope. If you do not know something, say so.
If the visitor wants to see an exhibit, to go on, or to end the tour, call that tool and say nothing.`;

const at = ({ stop }: Tour) => EXHIBITS[stop] ?? { name: '', sentences: [] };
const next = assign(({ context }: { context: Tour }) => ({
  ...{ stop: context.stop + 1, sentence: 0, there: false },
}));

export default behaviour({
  id: 'museum',
  version: '1',
  phrases: {
    begin: ['(start | begin) the tour', 'show me around'],
    next: ['go on', 'continue', 'next [one] [please]'],
    show: ['(show me | go to | take me to) [the] {exhibit}'],
    end: ['(end | stop) the tour', 'that is enough', 'we want to leave'],
  },
  slots: { exhibit: ['dinosaur', 'clock', 'telescope'] },
  types: {} as { context: Tour },
}).createMachine({
  context: { stop: 0, sentence: 0, there: false },
  initial: 'waiting',
  states: {
    waiting: {
      entry: assign({ stop: 0, sentence: 0, there: false }),
      on: { 'heard.begin': { target: 'tour', actions: say('Welcome! Please follow me.') } },
    },

    tour: {
      initial: 'going',
      on: {
        'heard.next': { target: '.going', actions: next },
        'heard.show': {
          target: '.going',
          actions: assign(({ event }) => ({
            ...{
              stop: EXHIBITS.findIndex(({ name }) => name === event.slots.exhibit),
              sentence: 0,
              there: false,
            },
          })),
        },
        'heard.end': 'leaving',
        heard: '.answering',
      },
      states: {
        /** On to where the tour is. */
        going: {
          always: [
            { guard: ({ context }) => context.stop >= EXHIBITS.length, target: '#leaving' },
            { guard: ({ context }) => context.there, target: 'explaining' },
            { target: 'driving' },
          ],
        },
        driving: {
          invoke: {
            src: 'act',
            input: ({ context }) => ({ name: 'drive', args: { exhibit: at(context).name } }),
            onDone: { target: 'explaining', actions: assign({ there: true }) },
            onError: { target: '#leaving', actions: say('I cannot get there.') },
          },
        },
        explaining: {
          invoke: {
            src: 'say',
            input: ({ context }) => ({ text: at(context).sentences[context.sentence] ?? '…' }),
            onDone: [
              { guard: ({ event }) => !event.output.complete, target: 'listening' },
              {
                guard: ({ context }) => context.sentence + 1 < at(context).sentences.length,
                target: 'explaining',
                reenter: true,
                actions: assign(({ context }) => ({ sentence: context.sentence + 1 })),
              },
              { target: 'pausing', actions: report('explained') },
            ],
          },
        },
        /** A visitor interrupts; a question leads to `answering`. */
        listening: { after: { 6000: 'explaining' } },
        pausing: {
          entry: say('Do you have a question? Otherwise say: go on.'),
          after: { 20000: { target: 'going', actions: next } },
        },
        answering: {
          invoke: {
            src: 'model',
            input: ({ event }) => ({
              instructions: INSTRUCTIONS,
              ...(event.type === 'heard' && { words: event.words }),
            }),
            onDone: 'going',
            onError: { target: 'going', actions: say('I do not know that. Please ask at the desk.') },
          },
        },
      },
    },

    leaving: {
      id: 'leaving',
      entry: say('Thank you for coming!'),
      invoke: { src: 'act', input: { name: 'dock' }, onDone: 'waiting', onError: 'waiting' },
    },
  },
});
