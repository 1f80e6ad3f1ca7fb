/** Random races: what the user does and when, what the engines understand, and which of them fail. */
import fc from 'fast-check';
import type { Act, Race } from './scheduled.ts';

const deed = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ type: 'text' as const }) },
  { weight: 4, arbitrary: fc.constant({ type: 'speech.start' as const }) },
  { weight: 3, arbitrary: fc.constant({ type: 'speech.stop' as const }) },
  { weight: 2, arbitrary: fc.constant({ type: 'interrupt' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'halt' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'rearm' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant<'played'>('played'),
      generation: fc.integer({ min: 0, max: 4 }),
      samples: fc.integer({ min: 0, max: 20_000 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant<'wait'>('wait'),
      ms: fc.constantFrom(0, 1, 20, 100, 250, 600, 1_500, 5_000),
    }),
  },
);

/** Sometimes the user waits for the engines' answers, because most faults show while the reply sounds. */
const act: fc.Arbitrary<Act> = fc
  .tuple(fc.constantFrom(0, 0, 1, 4, 15, 40), deed)
  .map(([after, done]) => ({ after, ...done }));

/** A question with time for its words, its end and its answer: long enough for a speculation. */
const question: fc.Arbitrary<Act[]> = fc.constant([
  { after: 0, type: 'speech.start' },
  { after: 15, type: 'speech.stop' },
  { after: 4, type: 'wait', ms: 250 },
  { after: 40, type: 'wait', ms: 600 },
  { after: 40, type: 'wait', ms: 100 },
]);

export const race: fc.Arbitrary<Race> = fc.record({
  acts: fc
    .array(fc.oneof({ weight: 7, arbitrary: act.map((one) => [one]) }, { weight: 1, arbitrary: question }), {
      minLength: 1,
      maxLength: 14,
    })
    .map((parts) => parts.flat()),
  words: fc.array(fc.constantFrom('', 'uh-huh', 'please tell me more', 'stop now'), {
    minLength: 1,
    maxLength: 4,
  }),
  more: fc.array(fc.boolean(), { maxLength: 4 }),
  patient: fc.boolean(),
  fails: fc.uniqueArray(fc.constantFrom('stt', 'llm', 'tts', 'memory', 'action'), { maxLength: 2 }),
  calm: fc.array(fc.boolean(), { maxLength: 80 }),
});
