import { describe, expect, it } from 'vitest';
import type { Conversation } from '../../testing/conversation.ts';
import { askByText, backToIdle, finish, scene } from './scene.ts';

const RATE = 24;

/** The client plays for `ms` with 40 ms of latency, and says so every `everyMs`. */
async function playFor(talk: Conversation, ms: number, everyMs: number): Promise<void> {
  for (let at = everyMs; at <= ms; at += everyMs) {
    await talk.wait(everyMs);
    talk.send({ type: 'played', generation: 1, samples: Math.max(0, at - 40) * RATE });
  }
}

/** The `played` events that the session has taken, as ms of the reply. */
function taken(talk: Conversation): number[] {
  return talk.log.flatMap((entry) =>
    entry.type === 'event' && entry.event.type === 'played' ? [entry.event.samples / RATE] : [],
  );
}

describe('a client that says often what it has played', () => {
  it('is believed to the word, though not each report is an event', async () => {
    for (const everyMs of [20, 50, 100]) {
      for (const ms of [500, 600, 700, 900, 1_100]) {
        const talk = await scene();
        await askByText(talk);
        await playFor(talk, ms, everyMs);
        await talk.wait(0);
        talk.send({ type: 'interrupt' });
        await talk.wait(100);
        // The newest report was taken before the interruption, at its own time.
        const { length } = taken(talk);
        expect(taken(talk).at(-1)).toBe(ms - 40);
        expect(length).toBeLessThanOrEqual(2 + (2 * ms) / 180);
        const alone = await scene();
        await askByText(alone);
        await alone.wait(ms);
        alone.send({ type: 'played', generation: 1, samples: (ms - 40) * RATE });
        await alone.wait(0);
        alone.send({ type: 'interrupt' });
        await alone.wait(100);
        expect(talk.of('reply.end')[0]?.heard).toBe(alone.of('reply.end')[0]?.heard);
        await finish(talk);
        await finish(alone);
      }
    }
  });

  it('is heard of at the first report of a reply, and of the newest 200 ms after one was taken', async () => {
    const talk = await scene();
    await askByText(talk);
    await talk.wait(60);
    talk.send({ type: 'played', generation: 1, samples: 20 * RATE });
    await talk.wait(0);
    expect(taken(talk)).toEqual([20]);
    // It falls silent in the middle: what it said last is not forgotten.
    await talk.wait(30);
    talk.send({ type: 'played', generation: 1, samples: 50 * RATE });
    await talk.wait(250);
    expect(taken(talk)).toEqual([20, 50]);
    await backToIdle(talk);
    expect(talk.of('reply.end')[0]?.timings.firstPlayed).toBe(40);
    await finish(talk);
  });

  it('that leaves at once takes its last report with it', async () => {
    const talk = await scene();
    await askByText(talk);
    await playFor(talk, 900, 50);
    talk.send({ type: 'bye' });
    await talk.wait(100);
    expect(taken(talk).at(-1)).toBe(860);
    expect(talk.of('reply.end')).toMatchObject([{ heard: 'There are two' }]);
    await finish(talk);
  });
});
