import { askingState } from '../asking/state.ts';
import type { SessionChart } from '../setup.ts';
import { speculationStates } from '../speculation/states.ts';

/** The user has the turn. */
export function listeningState(chart: SessionChart) {
  return chart.createStateConfig({
    id: 'listening',
    initial: 'capturing',
    on: {
      text: { target: '#responding', actions: ['discardUtterance', 'beginTypedTurn'] },
      commit: { target: '#responding', actions: 'commitUtterance' },
      clear: { target: '#idle', actions: ['discardUtterance', 'dropPending'] },
      settings: {
        guard: 'endsListening',
        target: '#idle',
        actions: ['changeSettings', 'discardUtterance', 'dropPending'],
      },
    },
    states: {
      capturing: {
        on: {
          'speech.stop': { target: 'endpointing', actions: 'recordSpeechStop' },
          'ear.failed': { target: 'endpointing', actions: ['publishEarFailure', 'endSpeechUnheard'] },
        },
        after: { maxUtterance: { target: '#responding' } },
      },
      /** Silence that may end the turn. Meanwhile the reply may be prepared. */
      endpointing: {
        id: 'endpointing',
        always: [
          { guard: 'finalKnown', target: '#responding' },
          { guard: 'turnOver', target: '#responding' },
        ],
        on: {
          'speech.start': { target: 'capturing', actions: 'recordSpeechResumed' },
          'transcript.partial': { target: 'endpointing', reenter: true, actions: 'recordPartial' },
        },
        after: { endpointDelay: { target: '#responding' } },
        ...speculationStates(chart),
      },
      asking: askingState(chart),
    },
  });
}
