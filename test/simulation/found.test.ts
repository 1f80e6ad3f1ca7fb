/** Faults that the simulator found, each as the shortest conversation that showed it. */
import { describe, expect, it } from 'vitest';
import { type KernelEvent, SessionKernel } from '../../machines/kernel.ts';
import { defaultParameters } from '../../machines/parameters.ts';

const SAID = 'One moment, please.';

function heardAfter(events: readonly KernelEvent[]): string | undefined {
  const kernel = new SessionKernel(defaultParameters, {
    language: 'en',
    outputRate: 24_000,
    seed: 1,
    memory: false,
  });
  let heard: string | undefined;
  for (const [i, event] of events.entries())
    for (const command of kernel.step(event, i * 100).commands)
      if (command.type === 'publish' && command.message.type === 'reply.end') heard = command.message.heard;
  return heard;
}

describe('found by simulation', () => {
  it('a client that first reports its position after the pacing ended does not reduce the heard text', () => {
    const late = { generation: 1, sent: 2_400, played: 1_200, heard: 3, acknowledged: true } as const;
    const heard = heardAfter([
      { type: 'text', text: 'wave' },
      { type: 'llm.action', id: 'a', name: 'wave', args: {} },
      { type: 'llm.delta', text: SAID },
      { type: 'xstate.done.actor.llm' },
      { type: 'segment.started', segment: 0 },
      { type: 'segment.ready', segment: 0, samples: 2_400, words: [] },
      { type: 'playout.started' },
      { type: 'xstate.done.actor.tts' },
      { type: 'xstate.done.actor.playback', output: { samples: 2_400 } },
      // The client catches up while the robot still waves.
      { type: 'action.done', id: 'a', result: null, listener: late },
      { type: 'xstate.done.actor.actions', listener: late },
    ]);
    expect(heard).toBe(SAID);
  });
});
