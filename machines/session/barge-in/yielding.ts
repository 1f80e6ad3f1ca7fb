import { not } from 'xstate';
import type { SessionParameters } from '../../parameters.ts';
import type { SessionChart } from '../setup.ts';
import { awaitsWords, ducks, pauses } from './barge-in.ts';

/** The user makes a sound during the reply: it is paused, or only softer, until the sound's meaning is clear. */
export function yieldingState(chart: SessionChart, parameters: SessionParameters) {
  const softens = ducks(parameters);
  const waits = awaitsWords(parameters);
  const listens = pauses(parameters) ? 'hearing' : 'doubting';
  const confirms = { guard: not('soundsLikeListener'), target: '#listening' } as const;
  const tooLong = { backchannelMax: { guard: not('isIgnored'), target: '#listening' } } as const;
  return chart.createStateConfig({
    id: 'yielding',
    // Journals of before: paused from here to the verdict.
    entry: softens ? [] : 'pausePlayout',
    initial: listens,
    on: {
      commit: { target: '#responding', actions: 'commitUtterance' },
      clear: '.resuming',
      settings: { guard: 'endsYielding', target: '.resuming', actions: 'changeSettings' },
    },
    states: {
      /** Paused. */
      hearing: {
        id: 'session.responding.phase.speaking.yielding.hearing',
        entry: softens ? 'pausePlayout' : [],
        on: {
          'transcript.partial': [
            { guard: 'partialInterrupts', target: '#listening', actions: 'notePartial' },
            softens
              ? { guard: 'partialListens', target: 'doubting', actions: 'notePartial' }
              : { actions: 'notePartial' },
          ],
          'speech.stop': {
            target: waits ? 'judging.waiting' : 'judging',
            actions: ['noteSpeechStop', ...(softens && !waits ? ['resumeDucked' as const] : [])],
          },
          'ear.failed': { target: 'judging', actions: ['publishEarFailure', 'endSpeechUnheard'] },
        },
        after: softens
          ? { confirmSpeech: [confirms, { guard: 'isWordless', target: 'doubting' }] }
          : { confirmSpeech: confirms, ...tooLong },
      },
      /** The reply goes on, softer: so far it is a listener's sound or the robot's own words, or nothing is paused before its meaning is clear. */
      doubting: {
        id: 'session.responding.phase.speaking.yielding.doubting',
        entry: 'resumeDucked',
        on: {
          'transcript.partial': {
            guard: 'partialInterrupts',
            target: '#listening',
            actions: 'notePartial',
          },
          'speech.stop': { target: 'judging', actions: 'noteSpeechStop' },
          'ear.failed': { target: 'judging', actions: ['publishEarFailure', 'endSpeechUnheard'] },
        },
        // Words of a listener are not confirmed; without a pause there may be none yet.
        after: { ...(listens === 'doubting' && { confirmSpeech: confirms }), ...tooLong },
      },
      /** The sound has ended; its words decide. Nobody speaks, so the reply goes on, softer, if they are not known soon. */
      judging: {
        id: 'session.responding.phase.speaking.yielding.judging',
        entry: 'finishUtterance',
        always: [
          { guard: 'finalInterrupts', target: '#endpointing' },
          { guard: 'finalKnown', target: 'resuming' },
        ],
        on: {
          'transcript.partial': [
            { guard: 'partialInterrupts', target: '#endpointing', actions: 'notePartial' },
            { actions: 'notePartial' },
          ],
          'speech.start': { target: listens, actions: 'restartUtterance' },
        },
        after: { verdict: { target: 'resuming' } },
        ...(waits && {
          initial: 'softly',
          states: {
            /** Paused: the words of a short sentence are often known just after its end. */
            waiting: {
              id: 'session.responding.phase.speaking.yielding.judging.waiting',
              after: { wordsDeadline: { target: 'softly', actions: 'resumeDucked' } },
            },
            softly: {},
          },
        }),
      },
      /** It was not an interruption: the reply continues, at the same sample if it was paused. */
      resuming: {
        entry: ['dropUtterance', 'resumePlayout'],
        always: [{ guard: 'notYetAudible', target: '#thinking' }, { target: '#speaking.playing' }],
      },
    },
  });
}
