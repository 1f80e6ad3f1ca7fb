import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import { levelled, NOISES, type Sounds } from '../../../testing/eval/sounds.ts';
import type { Random } from '../../../testing/simulation/random.ts';
import type { Said } from './speech.ts';

/** A moment of a room: 2 s. */
export const SCENE = samplesInMs(2_000, PIPELINE_RATE);
/** Where a word may end. */
const ENDS_MS = [1_350, 1_750] as const;
/** Long enough for a scene at each speed. */
const NOISE_MS = 10_000;
const SEEDS = 8;

export interface Scene {
  readonly samples: Int16Array;
  /** Sample at which the word ends; undefined without one. */
  readonly wordEnd?: number;
}

export interface Material {
  readonly stops: readonly (readonly Said[])[];
  readonly others: readonly (readonly Said[])[];
  /** Recorded noise. */
  readonly noises: readonly Float32Array[];
  /** Impulse responses of rooms. */
  readonly responses?: readonly Float32Array[];
}

/** Noises of all kinds, and where they come from: those seeds are not the ones of lab/hearing/voice-stop.ts. */
export async function roomNoises(
  sounds: Sounds,
  recorded: readonly Float32Array[],
): Promise<readonly Float32Array[]> {
  const all: Float32Array[] = [];
  for (const kind of NOISES)
    for (let seed = 100; seed < 100 + SEEDS; seed++) all.push(await sounds.noise(kind, NOISE_MS, seed));
  for (const one of recorded) for (let i = 0; i < SEEDS; i++) all.push(one);
  return all;
}

/** A room in which somebody says the word, or something else, or nothing. */
export function scene(material: Material, random: Random, withWord: boolean): Scene {
  const dbfs = between(random, -42, -14);
  let sound: Float32Array = new Float32Array(SCENE);
  let wordEnd: number | undefined;
  const other = () => stretched(random.pick(random.pick(material.others)).sound, random);
  if (withWord) {
    const said = random.pick(random.pick(material.stops));
    const word = stretched(said.sound, random);
    wordEnd = samplesInMs(random.int(...ENDS_MS), PIPELINE_RATE);
    const start = wordEnd - Math.round((said.wordEnd ?? 1) * word.length);
    add(sound, levelled(word, dbfs), start);
    const place = random.next();
    const gap = random.int(PIPELINE_RATE / 50, PIPELINE_RATE / 2);
    const around = () => levelled(other(), dbfs + between(random, -3, 3));
    if (place < 0.2) {
      const before = around();
      add(sound, before, start - gap - before.length);
    } else if (place > 0.8) add(sound, around(), start + word.length + gap);
  } else if (random.chance(0.88)) {
    const first = levelled(other(), dbfs);
    const start = random.int(Math.min(0, SCENE - first.length), Math.max(0, SCENE - first.length));
    add(sound, first, start);
    if (start > PIPELINE_RATE / 2) {
      const before = levelled(other(), dbfs);
      add(sound, before, start - before.length - random.int(PIPELINE_RATE / 50, PIPELINE_RATE / 3));
    }
  }
  const room = random.next();
  if (room < 0.2 && material.responses?.length) sound = convolved(sound, random.pick(material.responses));
  else if (room < 0.5) sound = reverberated(sound, random);
  if (random.chance(0.5)) sound = tilted(sound, random);
  const kind = random.next();
  if (kind > 0.86) add(sound, levelled(padded(other(), random), dbfs - between(random, 0, 25)), 0);
  else if (kind > 0.14) {
    const long = random.pick(material.noises);
    const begin = random.int(0, long.length - 2 * SCENE);
    const noise = stretched(long.subarray(begin, begin + 2 * SCENE), random, 0.6, 1.7);
    add(sound, levelled(noise.subarray(0, SCENE), dbfs - between(random, -3, 25)), 0);
  }
  // Recordings are often put into digital silence.
  const hiss = random.chance(0.3) ? 0 : 10 ** (between(random, -85, -60) / 20);
  const most = sound.reduce((max, one) => Math.max(max, Math.abs(one)), 1);
  const samples = Int16Array.from(sound, (one) =>
    Math.round((32_767 * (one / most + hiss * (2 * random.next() - 1))) / (1 + hiss)),
  );
  return { samples, ...(wordEnd !== undefined && { wordEnd }) };
}

function between(random: Random, least: number, most: number): number {
  return least + random.next() * (most - least);
}

function add(to: Float32Array, sound: Float32Array, start: number): void {
  for (let i = Math.max(0, -start); i < sound.length && start + i < to.length; i++)
    to[start + i] = (to[start + i] ?? 0) + (sound[i] ?? 0);
}

/** Faster and higher, or slower and lower: another speaker. */
function stretched(sound: Float32Array, random: Random, least = 0.85, most = 1.18): Float32Array {
  if (random.chance(0.4)) return sound;
  const step = between(random, least, most);
  const out = new Float32Array(Math.floor((sound.length - 1) / step));
  for (let i = 0; i < out.length; i++) {
    const at = i * step;
    const whole = Math.floor(at);
    out[i] = (sound[whole] ?? 0) + (at - whole) * ((sound[whole + 1] ?? 0) - (sound[whole] ?? 0));
  }
  return out;
}

function padded(sound: Float32Array, random: Random): Float32Array {
  const all = new Float32Array(SCENE);
  add(all, sound, random.int(-sound.length / 2, SCENE / 2) | 0);
  return all.some((one) => one !== 0) ? all : sound;
}

/** With the sparse reflections of a room, which fall by 60 dB in 80 to 500 ms. */
function reverberated(sound: Float32Array, random: Random): Float32Array {
  const decay = PIPELINE_RATE * between(random, 0.08, 0.5);
  const out = sound.slice();
  for (let i = 0; i < 70; i++) {
    const delay = random.int(30, Math.round(decay * 0.67));
    const gain = 0.5 * between(random, -1, 1) * 10 ** ((-3 * delay) / decay);
    for (let at = delay; at < out.length; at++) out[at] = (out[at] ?? 0) + gain * (sound[at - delay] ?? 0);
  }
  return out;
}

/** In a room with this impulse response, whose loudest sample is the direct sound. */
function convolved(sound: Float32Array, response: Float32Array): Float32Array {
  const direct = response.reduce(
    (most, one, i) => (Math.abs(one) > Math.abs(response[most] ?? 0) ? i : most),
    0,
  );
  const gain = 1 / Math.max(1e-9, Math.abs(response[direct] ?? 0));
  const out = new Float32Array(sound.length);
  // Every seventh late reflection: what they add up to is the same room, somewhat drier.
  for (let tap = direct; tap < response.length; tap += tap < direct + 80 ? 1 : 7) {
    const weight = gain * (response[tap] ?? 0);
    if (Math.abs(weight) < 1e-3) continue;
    for (let at = tap - direct; at < out.length; at++)
      out[at] = (out[at] ?? 0) + weight * (sound[at - tap + direct] ?? 0);
  }
  return out;
}

/** By another microphone: brighter or duller by up to 6 dB an octave above some frequency. */
function tilted(sound: Float32Array, random: Random): Float32Array {
  const share = between(random, -0.75, 0.75);
  const pole = Math.exp((-2 * Math.PI * between(random, 400, 2_500)) / PIPELINE_RATE);
  let low = 0;
  return sound.map((one) => {
    low = pole * low + (1 - pole) * one;
    return share > 0 ? (1 - share) * one + share * low : one + share * low;
  });
}
