/** Behaviour of a chain's engines while they are sick. */
import type { LlmEvent } from '../../actors/ports/llm.ts';
import type { SttEvent } from '../../actors/ports/stt.ts';
import type { TtsEvent } from '../../actors/ports/tts.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { hang, pause } from '../scripted-engines.ts';
import type { Random } from './random.ts';
import type { Sickness } from './sickness.ts';

export interface SickWorld {
  readonly clock: Clock;
  readonly random: Random;
}

/** Events that a healthy engine would yield for the current request. */
export type Well<Event> = () => AsyncIterable<Event>;

const FAILED = { stt: 'STT_FAILED', llm: 'LLM_FAILED', tts: 'TTS_FAILED' } as const;

/** Fails in the call itself or after a while, with an error from the catalogue or another. */
export function failure(kind: keyof typeof FAILED, { random }: SickWorld): Error {
  return random.chance(0.5) ? new ParleyError(FAILED[kind], 'as planned') : new TypeError('as planned');
}

export async function* sickLlm(
  sickness: Sickness,
  well: Well<LlmEvent>,
  world: SickWorld,
  signal: AbortSignal,
): AsyncGenerator<LlmEvent, void, void> {
  const { clock, random } = world;
  const rest = (least: number, most: number) => pause(clock, random.ms(least, most), signal);
  switch (sickness) {
    case 'hang':
    case 'silent':
      return hang(signal);
    case 'error':
      await rest(0, 100);
      throw failure('llm', world);
    case 'garbage':
      await rest(5, 200);
      yield foreign<LlmEvent>(random.pick(LLM_GARBAGE));
      return;
    case 'trickle':
      if (random.chance(0.3))
        for (;;) {
          await rest(50, 150);
          yield { type: 'delta', text: '' };
        }
      for await (const event of well()) {
        for (const text of event.type === 'delta' ? event.text : '') {
          await rest(60, 240);
          yield { type: 'delta', text };
        }
      }
      return;
    case 'breakOff': {
      let left = random.int(1, 4);
      for await (const event of well()) {
        yield event;
        if (--left === 0) break;
      }
      return breakOff('llm', world, signal);
    }
  }
}

export async function* sickTts(
  sickness: Sickness,
  well: Well<TtsEvent>,
  world: SickWorld,
  signal: AbortSignal,
): AsyncGenerator<TtsEvent, void, void> {
  const { clock, random } = world;
  const rest = (least: number, most: number) => pause(clock, random.ms(least, most), signal);
  switch (sickness) {
    case 'hang':
      return hang(signal);
    case 'error':
      await rest(0, 100);
      throw failure('tts', world);
    case 'garbage':
      await rest(2, 100);
      yield foreign<TtsEvent>(random.pick(TTS_GARBAGE));
      return;
    case 'silent':
      for await (const event of well()) if (event.type !== 'audio') yield event;
      return;
    case 'trickle':
      for await (const event of well()) {
        if (event.type !== 'audio') {
          yield event;
          continue;
        }
        const { rate, samples } = event.pcm;
        for (let at = 0; at < samples.length; at += rate / 50) {
          await rest(10, 90);
          yield { type: 'audio', pcm: { rate, samples: samples.subarray(at, at + rate / 50) } };
        }
      }
      return;
    case 'breakOff':
      for await (const event of well()) {
        if (event.type !== 'audio') {
          yield event;
          continue;
        }
        const { rate, samples } = event.pcm;
        yield { type: 'audio', pcm: { rate, samples: samples.subarray(0, random.int(1, samples.length)) } };
        break;
      }
      return breakOff('tts', world, signal);
  }
}

export async function* sickStt(
  sickness: Sickness,
  well: Well<SttEvent>,
  world: SickWorld,
  signal: AbortSignal,
): AsyncGenerator<SttEvent, void, void> {
  const { clock, random } = world;
  const rest = (least: number, most: number) => pause(clock, random.ms(least, most), signal);
  switch (sickness) {
    case 'hang':
      // Ignores the audio, or hears it all and returns nothing.
      if (random.chance(0.5)) for await (const event of well()) if (event.type === 'final') break;
      return hang(signal);
    case 'error':
      await rest(0, 1_000);
      throw failure('stt', world);
    case 'garbage':
      await rest(2, 1_000);
      yield foreign<SttEvent>(random.pick(STT_GARBAGE));
      return;
    case 'silent':
      for await (const event of well()) if (event.type !== 'final') yield event;
      return;
    case 'trickle':
      for await (const event of well()) {
        for (let length = 1; length <= event.text.length; length++) {
          await rest(40, 160);
          yield { type: 'partial', text: event.text.slice(0, length) };
        }
        yield event;
      }
      return;
    case 'breakOff': {
      let left = random.int(1, 3);
      for await (const event of well()) {
        if (event.type === 'final') break;
        yield event;
        if (--left === 0) break;
      }
      return breakOff('stt', world, signal);
    }
  }
}

async function breakOff(kind: keyof typeof FAILED, world: SickWorld, signal: AbortSignal): Promise<never> {
  if (world.random.chance(0.4)) return hang(signal);
  await pause(world.clock, world.random.ms(0, 60), signal);
  throw failure(kind, world);
}

const SILENCE = new Int16Array(480);

/** Events that no engine may yield, and that an engine written without types could. */
const LLM_GARBAGE = [
  null,
  42,
  'text',
  {},
  { type: 'delta' },
  { type: 'delta', text: 42 },
  { type: 'thought', text: 'hm' },
  { type: 'action', id: 7, name: 'wave', args: {} },
  { type: 'action', id: 'a', name: 'wave', args: 'all' },
] as const;
const TTS_GARBAGE = [
  undefined,
  'audio',
  { type: 'audio' },
  { type: 'audio', pcm: { rate: 24_000, samples: new Int16Array(0) } },
  { type: 'audio', pcm: { rate: 24_000, samples: 'AAAA' } },
  { type: 'audio', pcm: { rate: 24_000, samples: [1, 2, 3] } },
  { type: 'audio', pcm: { rate: Number.NaN, samples: SILENCE } },
  { type: 'audio', pcm: { rate: 0, samples: SILENCE } },
  { type: 'audio', pcm: { rate: -8_000, samples: SILENCE } },
  { type: 'word', sample: Number.NaN, offset: 0, length: 1 },
  { type: 'word', sample: -5, offset: -1, length: 0.5 },
  { type: 'phoneme', sample: 0, phoneme: 3, viseme: 99 },
  { type: 'video', frames: [] },
] as const;
const STT_GARBAGE = [
  null,
  'final',
  { type: 'final' },
  { type: 'final', text: null },
  { type: 'final', text: 42 },
  { type: 'final', text: 'hello', confidence: 'sure' },
  { type: 'partial', text: ['hello'] },
  { type: 'guess', text: 'hello' },
] as const;

/** The one place where an engine's types are wrong on purpose. */
function foreign<Event>(value: unknown): Event {
  return value as Event;
}
