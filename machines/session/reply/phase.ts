import { and, not, raise, stateIn } from 'xstate';
import { duckedState } from '../barge-in/ducked.ts';
import { yieldingState } from '../barge-in/yielding.ts';
import type { SessionChart } from '../setup.ts';
import { onVerdict } from '../turn/verdict.ts';

/** A voice that failed or has finished speaks no filler. */
const HAS_VOICE = stateIn({ conversation: { responding: { tts: 'running' } } });
const ALL_PLAYED = stateIn({ conversation: { responding: { playback: 'finished' } } });

/** What becomes of an ended utterance. */
const JUDGED = {
  turn: { target: 'offering', actions: 'beginTurn' },
  known: { target: 'offering' },
  // Of discarded speech that is a stop, the conversation takes care.
  wait: null,
  halt: { target: '#stopped', actions: 'beginTurn' },
  wakePhrase: { actions: 'removeWakePhrase' },
  forOthers: { target: '#idle', actions: ['publishNothing', 'discardUtterance', 'dropPending'] },
  consent: { target: 'recalling', actions: 'beginConsentedCalls' },
  unclearConsent: { target: 'recalling', actions: 'askCallsAgain' },
  answer: { target: 'offering', actions: 'beginAnsweredTurn' },
  unsure: { target: 'recalling', actions: 'askBack' },
  unclearAnswer: { target: 'recalling', actions: 'askAgain' },
  noAnswer: { target: '#asking', actions: ['publishNothing', 'discardUtterance', 'dropPending'] },
  noise: { target: '#idle', actions: ['publishNothing', 'discardUtterance', 'dropPending'] },
  unanswered: { target: '#idle', actions: 'keepTurn' },
  // Only over a reply.
  backchannel: null,
} as const;

/** Phase of the reply, as the user hears it. */
export function phaseRegion(chart: SessionChart) {
  return chart.createStateConfig({
    initial: 'processing',
    states: {
      /** Nothing is audible yet. */
      processing: {
        initial: 'transcribing',
        states: {
          transcribing: {
            entry: 'finishUtterance',
            always: onVerdict(JUDGED),
            on: {
              commit: { actions: 'refuseTurn' },
              'speech.start': { guard: 'earTakesTurn', target: '#listening', actions: 'restartUtterance' },
            },
            after: { sttDeadline: { actions: 'failSttLate' } },
          },
          /** The behaviour decides, within the same step, whether the turn is for it. */
          offering: {
            always: { guard: not('isOffered'), target: 'recalling' },
            on: {
              'behaviour.taken': [
                { guard: 'saysText', target: 'recalling', actions: 'sayOffered' },
                { target: '#idle', actions: 'keepOffered' },
              ],
              'behaviour.passed': 'recalling',
            },
          },
          recalling: {
            entry: 'beginReply',
            initial: 'deciding',
            states: {
              deciding: { always: [{ guard: 'asksMemory', target: 'asking' }, { target: '#thinking' }] },
              asking: {
                invoke: {
                  id: 'memory',
                  src: 'memory',
                  input: ({ context }) => ({ text: context.reply?.userText ?? '' }),
                  onDone: { target: '#thinking', actions: 'setRecalledFacts' },
                  onError: { target: '#thinking', actions: 'publishMemoryFailure' },
                },
                after: { recallDeadline: { target: '#thinking', actions: 'publishMemoryFailure' } },
              },
            },
            on: {
              'speech.start': { guard: 'earInterrupts', target: '#listening', actions: 'beginUtterance' },
            },
          },
          thinking: {
            id: 'thinking',
            entry: raise({ type: 'reply.begin' }),
            always: [
              { guard: ALL_PLAYED, target: '#acting' },
              { guard: 'textBegun', target: '#speaking' },
            ],
            on: {
              'playout.started': { target: '#speaking' },
              'speech.start': [
                { guard: 'interruptsAction', target: '#yielding', actions: 'beginUtterance' },
                { guard: 'earInterrupts', target: '#listening', actions: 'beginUtterance' },
              ],
            },
            after: { fillerDelay: { guard: and(['mayFill', HAS_VOICE]), actions: 'sayFiller' } },
          },
        },
      },
      speaking: {
        id: 'speaking',
        initial: 'playing',
        states: {
          playing: {
            always: { guard: ALL_PLAYED, target: '#acting' },
            on: {
              'speech.hint': { guard: 'hintDucks', target: 'ducked', actions: 'duckPlayout' },
              'speech.start': { guard: 'earInterrupts', target: 'yielding', actions: 'beginUtterance' },
            },
          },
          ducked: { ...duckedState(chart), always: { guard: ALL_PLAYED, target: '#acting' } },
          yielding: yieldingState(chart),
        },
      },
      /** All speech has ended; a robot action still runs. */
      acting: {
        id: 'acting',
        always: { guard: stateIn({ conversation: { responding: { actions: 'finished' } } }), target: 'done' },
        on: { 'speech.start': { guard: 'earInterrupts', target: '#yielding', actions: 'beginUtterance' } },
      },
      done: { type: 'final' },
    },
  });
}
