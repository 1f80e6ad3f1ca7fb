import type { SessionChart } from '../setup.ts';

/** Part of `listening`: a question was spoken, and the user has not yet begun to answer. */
export function askingState(chart: SessionChart) {
  return chart.createStateConfig({
    id: 'asking',
    entry: 'awaitAnswer',
    on: {
      'speech.start': {
        guard: 'earTakesTurn',
        target: 'capturing',
        actions: 'beginUtterance',
      },
      commit: [
        { guard: 'hasAudio', target: '#responding', actions: 'commitAudio' },
        { actions: 'refuseCommit' },
      ],
      clear: { actions: 'clearAudio' },
      respond: { target: '#responding', actions: 'askReply' },
      interrupt: '#idle',
    },
    after: {
      answerDeadline: [
        { guard: 'saysNoAnswer', target: '#responding', actions: 'sayNoAnswer' },
        { target: '#idle' },
      ],
    },
  });
}
