import { not } from 'xstate';
import type { SessionChart } from '../setup.ts';

/** The user makes a sound during the reply: playback is paused until its meaning is clear. */
export function yieldingState(chart: SessionChart) {
  return chart.createStateConfig({
    id: 'yielding',
    entry: 'pausePlayout',
    initial: 'hearing',
    on: {
      commit: { target: '#responding', actions: 'commitUtterance' },
      clear: '.resuming',
      settings: { guard: 'endsYielding', target: '.resuming', actions: 'changeSettings' },
    },
    states: {
      hearing: {
        id: 'session.responding.phase.speaking.yielding.hearing',
        on: {
          'transcript.partial': [
            { guard: 'partialInterrupts', target: '#listening', actions: 'notePartial' },
            { actions: 'notePartial' },
          ],
          'speech.stop': { target: 'judging', actions: 'noteSpeechStop' },
          'ear.failed': { target: 'judging', actions: ['publishEarFailure', 'endSpeechUnheard'] },
        },
        after: {
          confirmSpeech: { guard: not('soundsLikeListener'), target: '#listening' },
          backchannelMax: { target: '#listening' },
        },
      },
      /** The sound has ended; its words decide. */
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
          'speech.start': { target: 'hearing', actions: 'restartUtterance' },
        },
        after: { verdict: { target: 'resuming' } },
      },
      /** It was not an interruption: the reply continues at the same sample. */
      resuming: {
        entry: ['dropUtterance', 'resumePlayout'],
        always: [{ guard: 'notYetAudible', target: '#thinking' }, { target: '#speaking.playing' }],
      },
    },
  });
}
