import { and, not } from 'xstate';
import type { SessionChart } from '../setup.ts';
import { onVerdict } from '../turn/verdict.ts';

/** Speech over a reply, once its words are known. */
const JUDGED = {
  ...{ turn: { target: '#endpointing' }, backchannel: { target: 'resuming' }, wait: null },
  // These are of a turn without a reply.
  ...{ known: null, halt: null, wakePhrase: null, forOthers: null, consent: null, unclearConsent: null },
  ...{ answer: null, unclearAnswer: null, unsure: null, noise: null, noAnswer: null, unanswered: null },
} as const;

/** The user makes a sound during the reply: it is paused, or only softer, until the sound's meaning is clear. */
export function yieldingState(chart: SessionChart) {
  const confirms = { guard: not('soundsLikeListener'), target: '#listening' } as const;
  const tooLong = { guard: not('isIgnored'), target: '#listening' } as const;
  return chart.createStateConfig({
    id: 'yielding',
    entry: 'pauseAtYielding',
    initial: 'deciding',
    on: {
      commit: { target: '#responding', actions: 'commitUtterance' },
      clear: '.resuming',
      settings: { guard: 'endsYielding', target: '.resuming', actions: 'changeSettings' },
    },
    states: {
      deciding: { always: [{ guard: 'pausesAtOnce', target: 'hearing' }, { target: 'doubting' }] },
      /** Paused. */
      hearing: {
        entry: 'pauseAtHearing',
        on: {
          'transcript.partial': [
            { guard: 'partialInterrupts', target: '#listening', actions: 'recordPartial' },
            { guard: and(['softens', 'partialListens']), target: 'doubting', actions: 'recordPartial' },
            { actions: 'recordPartial' },
          ],
          'speech.stop': [
            { guard: 'awaitsWords', target: 'judging.waiting', actions: 'recordSpeechStop' },
            { target: 'judging', actions: ['recordSpeechStop', 'resumeUnlessAwaited'] },
          ],
          'ear.failed': { target: 'judging', actions: ['publishEarFailure', 'endSpeechUnheard'] },
        },
        after: {
          confirmSpeech: [confirms, { guard: and(['softens', 'isWordless']), target: 'doubting' }],
          heardMax: tooLong,
        },
      },
      /** The reply goes on, softer: so far it is a listener's sound or the robot's own words, or nothing is paused before its meaning is clear. */
      doubting: {
        entry: 'resumeDucked',
        on: {
          'transcript.partial': {
            guard: 'partialInterrupts',
            target: '#listening',
            actions: 'recordPartial',
          },
          'speech.stop': { target: 'judging', actions: 'recordSpeechStop' },
          'ear.failed': { target: 'judging', actions: ['publishEarFailure', 'endSpeechUnheard'] },
        },
        // Words of a listener are not confirmed; without a pause there may be none yet.
        after: { confirmDoubted: confirms, backchannelMax: tooLong },
      },
      /** The sound has ended; its words decide. In the silence the reply continues, softer, if they are not known soon. */
      judging: {
        entry: 'finishUtterance',
        always: onVerdict(JUDGED),
        on: {
          'transcript.partial': [
            { guard: 'partialInterrupts', target: '#endpointing', actions: 'recordPartial' },
            { actions: 'recordPartial' },
          ],
          'speech.start': [
            { guard: 'pausesAtOnce', target: 'hearing', actions: 'restartUtterance' },
            { target: 'doubting', actions: 'restartUtterance' },
          ],
        },
        after: { verdict: { target: 'resuming' } },
        initial: 'softly',
        states: {
          /** Paused: the words of a short sentence are often known just after its end. */
          waiting: {
            after: { wordsDeadline: { target: 'softly', actions: 'resumeDucked' } },
          },
          softly: {},
        },
      },
      /** It was not an interruption: the reply continues, at the same sample if it was paused. */
      resuming: {
        entry: ['discardUtterance', 'resumePlayout'],
        always: [{ guard: 'notYetAudible', target: '#thinking' }, { target: '#speaking.playing' }],
      },
    },
  });
}
