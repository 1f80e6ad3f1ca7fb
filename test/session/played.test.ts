import { describe, expect, it } from 'vitest';
import type { ListenerSample } from '../../machines/session/model.ts';
import type { Conversation } from '../../testing/conversation.ts';
import { answered, askByText, backToIdle, scene } from './scene.ts';

const RATE = 24;

/** The client plays for `ms` with 40 ms of latency, and reports its position every `everyMs`. */
async function playFor(talk: Conversation, ms: number, everyMs: number): Promise<void> {
  for (let at = everyMs; at <= ms; at += everyMs) {
    await talk.wait(everyMs);
    talk.send({ type: 'played', generation: 1, samples: Math.max(0, at - 40) * RATE });
  }
}

/** The listener's position at the last event. */
function lastSample(talk: Conversation): ListenerSample | undefined {
  return talk.log.flatMap((entry) => (entry.type === 'event' ? [entry.event.listener] : [])).at(-1);
}

const eventsOf = (talk: Conversation) => talk.log.filter(({ type }) => type === 'event').length;

describe('a client that often reports its position', () => {
  it('sets the heard text to the word, and its reports are not events', async () => {
    for (const everyMs of [20, 50, 100]) {
      for (const ms of [500, 600, 700, 900, 1_100]) {
        const talk = await scene();
        await askByText(talk);
        await playFor(talk, ms, everyMs);
        talk.send({ type: 'interrupt' });
        await talk.wait(0);
        expect(lastSample(talk)).toMatchObject({ played: (ms - 40) * RATE, acknowledged: true });
        await talk.wait(100);
        const alone = await scene();
        await askByText(alone);
        await alone.wait(ms);
        alone.send({ type: 'played', generation: 1, samples: (ms - 40) * RATE });
        alone.send({ type: 'interrupt' });
        await alone.wait(100);
        expect(talk.of('reply.end')[0]?.heard).toBe(alone.of('reply.end')[0]?.heard);
        expect(eventsOf(talk)).toBe(eventsOf(alone));
      }
    }
  });

  it('and falls silent midway has its first report counted', async () => {
    const talk = await scene();
    await askByText(talk);
    await talk.wait(60);
    talk.send({ type: 'played', generation: 1, samples: 20 * RATE });
    await talk.wait(30);
    talk.send({ type: 'played', generation: 1, samples: 50 * RATE });
    await backToIdle(talk);
    expect(talk.of('reply.end')[0]?.timings.firstPlayed).toBe(40);
  });

  it('and leaves at once has its last report counted', async () => {
    const talk = await scene();
    await askByText(talk);
    await playFor(talk, 900, 50);
    talk.send({ type: 'bye' });
    await talk.wait(100);
    expect(lastSample(talk)).toMatchObject({ played: 860 * RATE });
    expect(talk.of('reply.end')).toMatchObject([{ heard: 'There are two' }]);
  });
});

describe('the listener in the journal', () => {
  it('is in every event once a reply has audio, and in none outside a reply', async () => {
    const talk = await scene();
    await answered(talk);
    await talk.wait(1_000);
    const samples = talk.log.flatMap((entry) =>
      entry.type === 'event' ? [{ type: entry.event.type, listener: entry.event.listener }] : [],
    );
    expect(samples[0]).toEqual({ type: 'text' });
    const first = samples.findIndex(({ listener }) => listener !== undefined);
    expect(samples[first]?.type).toBe('segment.started');
    expect(samples.slice(first).every(({ listener }) => listener?.generation === 1)).toBe(true);
  });
});
