import { describe, expect, it } from 'vitest';
import { type ChainEvent, chainTts } from '../../actors/chain/mod.ts';
import { hostTts, remoteTts } from '../../actors/engine-rpc/mod.ts';
import type { TtsEngine, TtsRequest } from '../../actors/ports/tts.ts';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { phraseCache } from '../../adapters/tts/phrase-cache.ts';
import { cachedTts } from '../../adapters/tts/phrase-cache-tts.ts';
import { type Ends, inProcessEnds, never, readAll, tts } from './harness.ts';

const REQUEST: TtsRequest = { text: 'Let me see.', language: 'en' };

/** Speaks, and records its requests. */
function speaker(name: string, asked: TtsRequest[]): TtsEngine {
  return tts(name, async function* (request) {
    asked.push(request);
    yield { type: 'audio', pcm: { rate: 24_000, samples: new Int16Array(480) } };
  });
}

/** A client's events from `engine` over the bus. */
async function ask({ client, worker, clock, settle, close }: Ends, engine: TtsEngine, request: TtsRequest) {
  const host = hostTts(worker, clock, engine);
  const remote = remoteTts(client, clock, engine.name, { session: 's', generation: 1 });
  const outcome = await readAll(remote.synthesize(request, never));
  await settle();
  await host.close();
  await close();
  return outcome;
}

describe('a phrase requested from the cache only', () => {
  it('is empty if it is not cached, without a request to the engine', async () => {
    const asked: TtsRequest[] = [];
    const voice = cachedTts(speaker('voice', asked), phraseCache());
    const { events } = await ask(await inProcessEnds(), voice, { ...REQUEST, cachedOnly: true });
    expect(events).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('is empty for an engine without a cache', async () => {
    const asked: TtsRequest[] = [];
    const { events } = await ask(await inProcessEnds(), speaker('voice', asked), {
      ...REQUEST,
      cachedOnly: true,
    });
    expect(events).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('is served from the cache, without affecting the chain’s statistics', async () => {
    const asked: TtsRequest[] = [];
    const told: ChainEvent[] = [];
    const ends = await inProcessEnds();
    const voice = cachedTts(speaker('voice', asked), phraseCache());
    await voice.prepare(REQUEST, never);
    asked.length = 0;
    const chain = chainTts([voice, speaker('other', asked)], {
      clock: ends.clock,
      firstByteMs: 1_000,
      resamplers: await speexResampler(),
      onEvent: (event) => told.push(event),
    });
    const { events } = await ask(ends, chain, { ...REQUEST, cachedOnly: true });
    expect(events).toHaveLength(1);
    expect(asked).toEqual([]);
    expect(told).toEqual([]);
  });
});
