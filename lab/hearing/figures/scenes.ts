import { BLOCK } from '../../../actors/ear/echo/adaptive-filter.ts';
import { EchoCanceller } from '../../../actors/ear/echo/canceller.ts';
import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import { addEcho, impulseResponse } from '../../../testing/eval/room.ts';
import { levelled, type Sounds } from '../../../testing/eval/sounds.ts';
import { wordEndIn } from '../stop-word/word-end.ts';
import { type Condition, kitchenIn, motorIn } from './trials.ts';

export interface WordScene {
  readonly samples: Int16Array;
  /** Sample at which the word ends. */
  readonly wordEnd: number;
}

export const SPEECH_DBFS = -26;
const BEFORE = samplesInMs(900, PIPELINE_RATE);
/** Longer than any verdict takes. */
const AFTER = samplesInMs(1_300, PIPELINE_RATE);
const NOISE_MS = 8_000;
const BELOW_DB: Partial<Record<Condition, number>> = { kitchen: 12 };
const USUALLY_BELOW_DB = 10;
const OWN =
  'We took the early train, had breakfast at the station, and then we walked along the river to the lighthouse. Then the rain began, and we sat in a small cafe for hours and talked about the summer.';
const OWN_VOICE = 'en';
/** How long the robot has spoken when somebody says "stop". */
const SPOKEN = samplesInMs(4_500, PIPELINE_RATE);
/** From playback to the microphone. */
const ECHO_DELAY = samplesInMs(100, PIPELINE_RATE);
const ECHO_PIECE = samplesInMs(100, PIPELINE_RATE);
const DISTORTION = 0.2;
const ROOMS = 4;

/** Chooses the part of the noise and the room for a recording. */
export function seedOf(path: string): number {
  return [...path].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) % 65_521, 7);
}

/** Puts recordings of "stop" into rooms. */
export class WordScenes {
  readonly #sounds: Sounds;
  readonly #folder: string;

  constructor(sounds: Sounds, folder: string) {
    this.#sounds = sounds;
    this.#folder = folder;
  }

  /** `seed` chooses the part of the noise. */
  async scene(path: string, condition: Condition, seed: number): Promise<WordScene> {
    const word = await this.#sounds.recording(path);
    const said = levelled(word, SPEECH_DBFS);
    const wordEnd = BEFORE + wordEndIn(word);
    if (condition === 'ownVoice') return { samples: pcm(await this.#behindCanceller(said, seed)), wordEnd };
    const all = new Float32Array(BEFORE + word.length + AFTER);
    const noise = await this.#noise(condition);
    const dbfs = SPEECH_DBFS - (BELOW_DB[condition] ?? USUALLY_BELOW_DB);
    const around = noise && levelled(noise, dbfs);
    const from = around ? (seed * 7_919) % around.length : 0;
    for (let i = 0; i < all.length; i++)
      all[i] = (around?.[(from + i) % around.length] ?? 0) + (said[i - BEFORE] ?? 0);
    return { samples: pcm(all), wordEnd };
  }

  /** Other speech as the words are. */
  async other(path: string, fromMs: number, lengthMs: number): Promise<Int16Array> {
    const whole = await this.#sounds.recording(path);
    const from = samplesInMs(Math.max(0, fromMs - 1_000), PIPELINE_RATE);
    const said = levelled(whole, SPEECH_DBFS).subarray(from, samplesInMs(fromMs + lengthMs, PIPELINE_RATE));
    const all = new Float32Array(BEFORE + said.length + AFTER);
    all.set(said, BEFORE);
    return pcm(all);
  }

  async #noise(condition: Condition): Promise<Float32Array | undefined> {
    switch (condition) {
      case 'silence':
      case 'ownVoice':
        return undefined;
      case 'white':
      case 'hum':
      case 'babble':
        return await this.#sounds.noise(condition, NOISE_MS, 1);
      case 'kitchen': {
        const kitchen = await this.#sounds.recording(kitchenIn(this.#folder));
        return kitchen.subarray(kitchen.length >> 1);
      }
      case 'moving': {
        const motor = await this.#sounds.recording(motorIn(this.#folder) ?? '');
        return motor.subarray(motor.length >> 1);
      }
      case 'ownVoiceUncancelled':
        return await this.#sounds.speech(OWN, OWN_VOICE);
    }
  }

  /** What the canceller leaves of the word and of the robot's voice, from `BEFORE` before the word on. */
  async #behindCanceller(said: Float32Array, seed: number): Promise<Float32Array> {
    const start = SPOKEN + samplesInMs((seed * 97) % 800, PIPELINE_RATE);
    const length = Math.ceil((start + said.length + AFTER) / BLOCK) * BLOCK;
    const all = new Float32Array(length);
    const played = new Float32Array(length);
    const own = levelled(await this.#sounds.speech(OWN, OWN_VOICE), SPEECH_DBFS);
    played.set(own.subarray(0, length));
    const room = 1 + (seed % ROOMS);
    const response = impulseResponse(250, 0.3, room);
    const gain = 10 ** (-USUALLY_BELOW_DB / 20);
    for (let at = 0; at < length; at += ECHO_PIECE)
      addEcho(all.subarray(at, at + ECHO_PIECE), at - ECHO_DELAY, played, response, gain, DISTORTION);
    const hiss = levelled(await this.#sounds.noise('pink', NOISE_MS, room), SPEECH_DBFS - 35);
    for (let i = 0; i < length; i++)
      all[i] = (all[i] ?? 0) + (hiss[i % hiss.length] ?? 0) + (said[i - start] ?? 0);
    return cancelled(all, played).subarray(start - BEFORE);
  }
}

/** What Parley's canceller leaves of a microphone's sound, up to its last whole block. `expected`: the client said that there is an echo. */
export function cancelled(heard: Float32Array, played: Float32Array, expected = false): Float32Array {
  const left = new Float32Array(heard.length);
  let emitted = 0;
  const canceller = new EchoCanceller(
    (from, out) => {
      for (let i = 0; i < out.length; i++) out[i] = played[from + i] ?? 0;
    },
    expected,
    (_, block) => {
      left.set(block, emitted);
      emitted += BLOCK;
    },
  );
  canceller.restart();
  for (let at = 0; at + BLOCK <= heard.length; at += BLOCK)
    canceller.process(heard.slice(at, at + BLOCK), at);
  canceller.release();
  return left;
}

export function pcm(sound: Float32Array): Int16Array {
  return Int16Array.from(sound, (one) => Math.max(-32_768, Math.min(32_767, Math.round(one * 32_768))));
}
