import type { SessionChart } from '../setup.ts';

/** A user may be speaking: the reply plays on, softer, until the ear is certain or was wrong. */
export function duckedState(chart: SessionChart) {
  return chart.createStateConfig({
    on: {
      'speech.start': { guard: 'earInterrupts', target: 'yielding', actions: 'beginUtterance' },
      // As long as signs come, it stays soft.
      'speech.hint': { guard: 'hintDucks', target: 'ducked', reenter: true },
    },
    after: { hintDeadline: { target: 'playing', actions: 'resumePlayout' } },
  });
}
