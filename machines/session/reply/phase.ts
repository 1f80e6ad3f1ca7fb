import { and, raise, stateIn } from 'xstate';
import type { SessionParameters } from '../../parameters.ts';
import { duckedState } from '../barge-in/ducked.ts';
import { yieldingState } from '../barge-in/yielding.ts';
import { fills } from '../filler/filler.ts';
import type { SessionChart } from '../setup.ts';

/** A voice that failed or has finished speaks no filler. */
const HAS_VOICE = stateIn({ conversation: { responding: { tts: 'running' } } });
const ALL_PLAYED = stateIn({ conversation: { responding: { playback: 'finished' } } });

/** Phase of the reply, as the user hears it. */
export function phaseRegion(chart: SessionChart, parameters: SessionParameters) {
  return chart.createStateConfig({
    initial: 'processing',
    states: {
      /** Nothing is audible yet. */
      processing: {
        initial: 'transcribing',
        states: {
          transcribing: {
            id: 'session.responding.phase.processing.transcribing',
            entry: 'finishUtterance',
            always: [
              { guard: 'saidHalt', target: '#stopped', actions: 'takeUtterance' },
              { guard: 'turnKnown', target: 'recalling' },
              { guard: 'wakes', actions: 'takeWakePhrase' },
              {
                guard: 'isForOthers',
                target: '#idle',
                actions: ['publishNothing', 'dropUtterance', 'dropPending'],
              },
              { guard: 'allowsCalls', target: 'recalling', actions: 'takeConsent' },
              { guard: 'deniesCalls', target: 'recalling', actions: 'takeConsent' },
              { guard: 'asksCallsAgain', target: 'recalling', actions: 'askCallsAgain' },
              { guard: 'answersYes', target: 'recalling', actions: 'takeAnswer' },
              { guard: 'asksBack', target: 'recalling', actions: 'askBack' },
              { guard: 'givesUp', target: 'recalling', actions: 'askAgain' },
              {
                guard: 'answersNothing',
                target: '#asking',
                actions: ['publishNothing', 'dropUtterance', 'dropPending'],
              },
              {
                guard: 'saidNothing',
                target: '#idle',
                actions: ['publishNothing', 'dropUtterance', 'dropPending'],
              },
              { guard: 'startsNoReply', target: '#idle', actions: 'keepTurn' },
              { guard: 'finalKnown', target: 'recalling', actions: 'takeUtterance' },
            ],
            on: {
              commit: { actions: 'refuseTurn' },
              'speech.start': { guard: 'earTakesTurn', target: '#listening', actions: 'restartUtterance' },
            },
            after: { sttDeadline: { actions: 'failSttLate' } },
          },
          recalling: {
            entry: 'beginReply',
            initial: 'deciding',
            states: {
              deciding: { always: [{ guard: 'asksMemory', target: 'asking' }, { target: '#thinking' }] },
              asking: {
                id: 'session.responding.phase.processing.recalling.asking',
                invoke: {
                  id: 'memory',
                  src: 'memory',
                  input: ({ context }) => ({ text: context.reply?.userText ?? '' }),
                  onDone: { target: '#thinking', actions: 'noteFacts' },
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
            after: fills(parameters)
              ? { fillerDelay: { guard: and(['mayFill', HAS_VOICE]), actions: 'sayFiller' } }
              : {},
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
          yielding: yieldingState(chart, parameters),
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
