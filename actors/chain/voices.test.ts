import { describe, expect, it } from 'vitest';
import { type ErrorCode, ParleyError } from '../../machines/errors.ts';
import type { ResamplerFactory } from '../ports/resampler.ts';
import type { TtsEngine } from '../ports/tts.ts';
import { bench } from './harness-test-util.ts';
import { chainTts } from './tts.ts';

const resamplers: ResamplerFactory = {
  create: () => {
    throw new Error('no rate changes here');
  },
};

/** An engine that has the voices of `has`, and answers others with `fault`; `undefined` is its default voice. */
function chained(fault: ErrorCode | 'silence', has: readonly (string | undefined)[] = [undefined, 'amy']) {
  const tools = bench();
  const engine: TtsEngine = {
    name: 'a',
    async *synthesize({ voice }) {
      if (has.includes(voice)) yield { type: 'audio', pcm: { rate: 16_000, samples: new Int16Array(10) } };
      else if (fault !== 'silence') throw new ParleyError(fault, `no voice ${voice}`);
    },
    close: async () => {},
  };
  const chain = chainTts([engine], { ...tools.options, resamplers });
  const say = async (voice: string) => {
    const speech = tools.read(
      chain.synthesize({ text: 'Hello.', language: 'en', voice }, new AbortController().signal),
    );
    await tools.clock.advance(10);
    return speech.end;
  };
  return { ...tools, chain, say };
}

const HEARD = ['a asked first', 'a firstByte 0'];

describe('a voice that the engine does not have', () => {
  it.each(['ENGINE_REQUEST', 'TTS_FAILED', 'ENGINE_PROTOCOL', 'silence'] as const)(
    'is replaced by the default voice with one warning, and its breaker stays closed (%s)',
    async (fault) => {
      const { chain, log, say } = chained(fault);
      for (let i = 0; i < 5; i++) expect(await say('marin')).toBe('done');
      expect(log).toEqual([
        'a asked first',
        'a has no voice marin',
        'a firstByte 0',
        ...Array.from({ length: 4 }, () => HEARD).flat(),
      ]);
      expect(chain.health()).toMatchObject([{ state: 'closed' }]);
    },
  );

  it('does not change the voices that it has', async () => {
    const { log, say } = chained('ENGINE_REQUEST');
    expect([await say('amy'), await say('ash'), await say('amy')]).toEqual(['done', 'done', 'done']);
    expect(log.filter((line) => line.includes('voice'))).toEqual(['a has no voice ash']);
  });

  it('is not blamed for an engine that fails in its default voice too', async () => {
    const { log, say } = chained('ENGINE_REQUEST', []);
    expect(await say('marin')).toBe('ENGINE_REQUEST');
    expect(log).toEqual(['a asked first', 'a failed ENGINE_REQUEST']);
  });

  it('is not looked for in an engine that cannot be reached', async () => {
    const { log, say } = chained('ENGINE_UNREACHABLE', []);
    expect(await say('marin')).toBe('ENGINE_UNREACHABLE');
    expect(log).toEqual(['a asked first', 'a failed ENGINE_UNREACHABLE']);
  });

  it('is tried again after ten minutes', async () => {
    const { clock, log, say } = chained('ENGINE_REQUEST');
    await say('marin');
    await clock.advance(600_000);
    expect(await say('marin')).toBe('done');
    expect(log.filter((line) => line.includes('voice'))).toEqual(['a has no voice marin']);
  });
});
