import { describe, expect, it } from 'vitest';
import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import { hang, pause } from '../../testing/scripted-engines.ts';
import { AsyncQueue } from '../async-queue.ts';
import type { SttEngine } from '../ports/stt.ts';
import { bench } from './harness-test-util.ts';
import { chainStt, type SttChainOptions } from './stt.ts';

interface Script {
  readonly text?: string;
  /** From the end of the audio. */
  readonly finalMs?: number;
  /** After this many pieces of audio. */
  readonly failsAfter?: number;
  readonly fault?: 'fails' | 'hangs' | 'ends';
}

/** What the user says, piece by piece; each sample holds the number of its piece. */
function utterance() {
  const audio = new AsyncQueue<Pcm<PipelineRate>>();
  let pieces = 0;
  const speak = (count: number, samples = 160) => {
    for (let i = 0; i < count; i++)
      audio.push({ rate: PIPELINE_RATE, samples: new Int16Array(samples).fill(++pieces) });
  };
  return { audio, speak, end: () => audio.end() };
}

function chained(scripts: readonly (readonly Script[])[], options: Partial<SttChainOptions> = {}) {
  const tools = bench();
  const heard: string[] = [];
  const engines = scripts.map((list, place): SttEngine => {
    const name = 'abc'[place] ?? '';
    let next = 0;
    return {
      name,
      tellsPartials: place === 0,
      async *transcribe(audio, _request, signal) {
        const script = list[Math.min(next++, list.length - 1)] ?? {};
        const { text = name, finalMs = 50, failsAfter, fault } = script;
        let numbers = '';
        let pieces = 0;
        for await (const { samples } of audio) {
          numbers += String(samples[0]);
          yield { type: 'partial', text: `${name}${++pieces}` };
          if (failsAfter === pieces) throw new ParleyError('STT_FAILED', 'as scripted');
        }
        heard.push(`${name}: ${numbers}`);
        await pause(tools.clock, finalMs, signal);
        if (fault === 'fails') throw new ParleyError('STT_FAILED', 'as scripted');
        if (fault === 'hangs') await hang(signal);
        if (fault === 'ends') return;
        yield { type: 'final', text };
      },
      close: async () => {},
    };
  });
  const engine = chainStt(engines, { ...tools.options, ...options });
  const hear = (signal = new AbortController().signal) => {
    const user = utterance();
    return { ...user, result: tools.read(engine.transcribe(user.audio, { language: 'en' }, signal)) };
  };
  /** The result of an utterance of this many pieces, after this time. */
  const heardOf = async (pieces: number, ms: number) => {
    const { speak, end, result } = hear();
    speak(pieces);
    end();
    await tools.clock.advance(ms);
    return result;
  };
  return { ...tools, engine, hear, heardOf, heard };
}

describe('a chain of recognisers', () => {
  it('gives the utterance from its start to the next engine when one fails while the user speaks', async () => {
    const { hear, heard, clock, log } = chained([[{ failsAfter: 2 }], [{ text: 'hello' }]]);
    const { speak, end, result } = hear();
    speak(3);
    await clock.advance(100);
    speak(1);
    end();
    await clock.advance(100);
    expect(heard).toEqual(['b: 1234']);
    expect(result.events.map(({ text }) => text)).toEqual(['a1', 'a2', 'b1', 'b2', 'b3', 'b4', 'hello']);
    expect(result.end).toBe('done');
    expect(log).toEqual([
      'a asked first',
      'a failed STT_FAILED',
      'b switched from a',
      'b asked failed',
      'b firstByte 50',
    ]);
  });

  it.each([
    ['fails after the end', 'fails', 100],
    ['hangs after the end', 'hangs', 1_050],
    ['ends without a final transcript', 'ends', 100],
  ] as const)('continues when one %s', async (_what, fault, finalMs) => {
    const { heard, clock, heardOf } = chained([[{ fault }], [{ text: 'hello' }]]);
    const result = await heardOf(2, 3_000);
    expect(heard).toEqual(['a: 12', 'b: 12']);
    expect(result.events.at(-1)).toEqual({ type: 'final', text: 'hello' });
    expect(result.endMs).toBe(finalMs);
    expect(clock.nextAtMs()).toBeUndefined();
  });

  it('has no deadline while the user speaks', async () => {
    const { hear, clock, log } = chained([[{}], [{}]]);
    const { speak, end } = hear();
    for (let i = 0; i < 20; i++) {
      speak(1);
      await clock.advance(1_000);
    }
    end();
    await clock.advance(100);
    expect(log).toEqual(['a asked first', 'a firstByte 50']);
  });

  it('accepts a final without words as an answer', async () => {
    const { hear, clock, log } = chained([[{ text: '' }], [{}]]);
    const { end, result } = hear();
    end();
    await clock.advance(100);
    expect(result.events).toEqual([{ type: 'final', text: '' }]);
    expect(log).not.toContain('b asked failed');
  });

  it('keeps at most the configured length of an utterance', async () => {
    const { heard, heardOf } = chained([[{ fault: 'fails' }], [{}]], { maxKeptMs: 25 });
    await heardOf(5, 200);
    expect(heard).toEqual(['a: 123', 'b: 123']);
  });

  it('fails with the last error, or with the error of the audio source', async () => {
    const { heardOf } = chained([[{ fault: 'fails' }], [{ failsAfter: 1 }]]);
    const result = await heardOf(1, 200);
    expect(result.end).toBe('STT_FAILED');
    const broken = chained([[{}], [{}]]);
    const { audio, result: second } = broken.hear();
    audio.fail(new Error('the microphone is gone'));
    await broken.clock.advance(2_000);
    expect(second.end).toBe('STT_FAILED');
  });

  it('asks the next engine too when one is slower than usual', async () => {
    const usual = Array.from({ length: 20 }, () => ({ finalMs: 100 }));
    const { log, heardOf } = chained([[...usual, { finalMs: 900 }], [{ text: 'b' }]], { hedge: true });
    for (let i = 0; i < 21; i++) {
      if (i === 20) log.length = 0;
      const result = await heardOf(1, 1_000);
      if (i === 20) expect(result.events.at(-1)).toEqual({ type: 'final', text: 'b' });
    }
    expect(log).toEqual(['a asked first', 'b hedged from a after 100', 'b asked hedge', 'b firstByte 150']);
  });

  it('excludes a sick engine, and probes it in parallel with the others', async () => {
    const sick = { fault: 'fails' } as const;
    const { hear, clock, log } = chained([[sick, sick, sick, { fault: 'hangs' }, {}], [{}]]);
    const turn = async (speechMs = 0) => {
      log.length = 0;
      const { speak, end, result } = hear();
      speak(1);
      await clock.advance(speechMs);
      end();
      await clock.advance(2_000);
      return { text: result.events.at(-1)?.text, log: [...log] };
    };
    for (let i = 0; i < 3; i++) expect((await turn()).text).toBe('b');
    expect((await turn()).log).toEqual(['b asked first', 'b firstByte 50']);
    await clock.advance(5_000);
    // The probe hangs: its deadline counts from the end of the audio, and no request waits for it.
    const probed = await turn(3_000);
    expect(probed.text).toBe('b');
    expect(probed.log).toContain('a failed STT_TIMEOUT');
    expect(probed.log).toContain('a breaker open');
    await clock.advance(10_000);
    expect((await turn(3_000)).log).toContain('a breaker closed');
    expect((await turn()).text).toBe('a');
  });

  it('emits partials if its first engine does, and passes a lone engine’s audio through', async () => {
    const { engine, heard, heardOf } = chained([[{}]], { maxKeptMs: 0 });
    expect(engine.tellsPartials).toBe(true);
    const result = await heardOf(3, 100);
    expect(heard).toEqual(['a: 123']);
    expect(result.end).toBe('done');
  });

  it('frees its resources after an abort at any point', async () => {
    for (const fault of [undefined, 'hangs'] as const) {
      const { hear, clock } = chained([[fault ? { fault } : {}], [{}]]);
      const controller = new AbortController();
      const { speak, end, result } = hear(controller.signal);
      speak(1);
      if (fault) end();
      await clock.advance(200);
      controller.abort();
      await clock.advance(0);
      expect(result.end).toBe('CANCELLED');
      expect(clock.nextAtMs()).toBeUndefined();
    }
  });
});
