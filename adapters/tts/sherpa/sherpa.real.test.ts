import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { TtsEngine } from '../../../actors/ports/tts.ts';
import { joinedSamples } from '../../../machines/audio.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { TONE_VOICE_CHAR, TONE_VOICE_RATE, writeTtsModel } from '../../../testing/models/tts-model.ts';
import { detectModel } from '../../sherpa/model-folder.ts';
import { type SherpaTtsOptions, sherpaTts } from './sherpa.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-sherpa-tts-'));
const engines: TtsEngine[] = [];
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  rmSync(folder, { recursive: true });
});

async function voice(options: Partial<SherpaTtsOptions> = {}, work = 0): Promise<TtsEngine> {
  const model = await detectModel(writeTtsModel(join(folder, `voice-${work}`), work));
  const engine = sherpaTts({ model, ...options });
  engines.push(engine);
  return engine;
}

const never = new AbortController().signal;

/** The speech as one piece, the lengths of its parts, and how it ended. */
async function spoken(engine: TtsEngine, text: string, signal = never, name?: string) {
  const request = { text, language: 'en', ...(name !== undefined && { voice: name }) };
  const { events, end } = await outcomeOf(engine.synthesize(request, signal));
  const parts = events.flatMap((event) => (event.type === 'audio' ? [event.pcm] : []));
  expect(parts.every(({ rate }) => rate === TONE_VOICE_RATE)).toBe(true);
  return {
    samples: joinedSamples(parts.map(({ samples }) => samples)),
    parts: parts.map(({ samples }) => samples.length / TONE_VOICE_CHAR),
    end,
  };
}

/** Pitch of the first half of a character, in Hz, to within 40: half of its changes of sign a second. */
function pitchOf(samples: Int16Array): number {
  const first = samples.subarray(0, TONE_VOICE_CHAR / 2);
  const changes = first.reduce(
    (sum, sample, at) => sum + (sample < 0 !== (first[at - 1] ?? 0) < 0 ? 1 : 0),
    0,
  );
  return changes * (TONE_VOICE_RATE / TONE_VOICE_CHAR);
}

describe('sherpaTts', () => {
  it('speaks, sentence by sentence', async () => {
    const { samples, parts, end } = await spoken(await voice(), 'a tone. another one.');
    expect(end).toBe('done');
    expect(parts).toEqual([7, 13]);
    // The tone of the letter a.
    expect(Math.abs(pitchOf(samples) - 340)).toBeLessThan(40);
    expect(Math.max(...samples)).toBeGreaterThan(9_000);
  });

  it('speaks with the speaker and the speed that it is asked for', async () => {
    const engine = await voice({ speaker: 1, speed: 2 });
    const { samples, parts } = await spoken(engine, 'a tone');
    expect(parts).toEqual([3]);
    expect(Math.abs(pitchOf(samples) - 510)).toBeLessThan(40);
    expect(Math.abs(pitchOf((await spoken(engine, 'aa', never, '0')).samples) - 340)).toBeLessThan(40);
  });

  it('refuses speakers that the voice does not have, and text that it cannot say', async () => {
    const engine = await voice();
    const ends = ['2', 'anna', '-1'].map(async (name) => (await spoken(engine, 'a tone', never, name)).end);
    expect(await Promise.all(ends)).toEqual(['ENGINE_REQUEST', 'ENGINE_REQUEST', 'ENGINE_REQUEST']);
    expect((await spoken(engine, '你好')).end).toBe('ENGINE_REQUEST');
    expect((await spoken(engine, ' \n')).end).toBe('done');
  });

  it('stops at the next sentence when it is cancelled, and speaks the next request', async () => {
    const engine = await voice({}, 4);
    await engine.warm?.();
    const controller = new AbortController();
    const speech = engine.synthesize(
      { text: 'one. two. three. four. five. six. seven. eight.', language: 'en' },
      controller.signal,
    );
    const heard: string[] = [];
    const listen = async () => {
      for await (const { type } of speech) {
        heard.push(type);
        controller.abort();
      }
    };
    await expect(listen()).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(heard).toEqual(['audio']);
    expect((await spoken(engine, 'next')).parts).toEqual([4]);
  });
});
