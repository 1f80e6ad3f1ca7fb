import { readFile } from 'node:fs/promises';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { parseWav } from '../../adapters/wav.ts';
import { joinedSamples, type Pcm, PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { detailOf, ParleyError } from '../../machines/errors.ts';
import { Random } from '../simulation/random.ts';

/** Noises that are generated. */
export const NOISES = ['white', 'pink', 'hum', 'beeps', 'knocks', 'babble', 'music'] as const;
export type Noise = (typeof NOISES)[number];

const FRAME = samplesInMs(20, PIPELINE_RATE);
/** Frames within this of the loudest count for the level, dB: pauses must not make a sound seem soft. */
const ACTIVE_DB = 30;
const BABBLE = [
  'the meeting was moved to thursday because nobody could come on wednesday',
  'she said that the garden needs water again and the roses are almost dry',
  'we took the early train and had breakfast at the station in the end',
];
/** What people say to each other: no sentence of a robot's dialog. */
const CHATTER = [
  ...BABBLE,
  'have you seen my other shoe',
  'I think it will rain before the evening',
  'could you pass me the salt please',
  'they painted the whole house green last summer',
  'my brother calls every sunday after lunch',
  'no I have not read it but I saw the film',
  'the train was forty minutes late again',
  'well that depends on what the doctor says',
  'put the bags over there next to the door',
  'we could ask the neighbours for a ladder',
  'yes exactly that is what I told her',
  'it costs more than the old one did',
  'the children are still at the swimming pool',
  'who left the window open all night',
  'I never liked that song very much',
];
const BABBLE_VOICES = ['en-us+f2', 'en-gb+m4', 'en-us+m7'];

/** Speech, recordings and noises at the pipeline rate, −1..1. The same arguments give the same sound. */
export class Sounds {
  readonly #tts: TtsEngine;
  readonly #made = new Map<string, Promise<Float32Array>>();

  constructor(tts: TtsEngine) {
    this.#tts = tts;
  }

  /** `text` spoken by an embedded voice, without silence around it. */
  speech(text: string, voice: string): Promise<Float32Array> {
    return this.#once(`${voice} says ${text}`, async () => {
      const pieces: Pcm[] = [];
      const never = new AbortController().signal;
      for await (const event of this.#tts.synthesize({ text, language: 'en', voice }, never))
        if (event.type === 'audio') pieces.push(event.pcm);
      const samples = joinedSamples(pieces.map((piece) => piece.samples));
      return trimmed(await atPipelineRate({ rate: pieces[0]?.rate ?? PIPELINE_RATE, samples }));
    });
  }

  /** A WAV file. Rejects with AUDIO_FILE_UNREADABLE or AUDIO_FILE_INVALID. */
  recording(path: string): Promise<Float32Array> {
    return this.#once(path, async () => {
      const bytes = await readFile(path).catch((cause: unknown) => {
        throw new ParleyError('AUDIO_FILE_UNREADABLE', path, { cause });
      });
      try {
        return trimmed(await atPipelineRate(parseWav(bytes)));
      } catch (cause) {
        if (!(cause instanceof ParleyError)) throw cause;
        throw new ParleyError(cause.code, `${path}: ${detailOf(cause)}`, { cause });
      }
    });
  }

  noise(kind: Noise, ms: number, seed: number): Promise<Float32Array> {
    const length = samplesInMs(ms, PIPELINE_RATE);
    return this.#once(`${kind} ${length} ${seed}`, async () =>
      kind === 'babble' ? this.#babble(length, seed) : generated(kind, length, Random.named(seed, kind)),
    );
  }

  /** Two people who talk to each other, one after the other. */
  chatter(ms: number, seed: number): Promise<Float32Array> {
    const length = samplesInMs(ms, PIPELINE_RATE);
    return this.#once(`chatter ${length} ${seed}`, async () => {
      const random = Random.named(seed, 'chatter');
      const all = new Float32Array(length);
      for (let [at, turn] = [0, 0]; at < length; turn++) {
        const said = await this.speech(random.pick(CHATTER), BABBLE_VOICES[turn % 2] ?? 'en');
        const gain = 1 / levelOf(said);
        // No speaker is cut off by the end.
        if (turn > 0 && at + said.length > length) break;
        all.set(
          said.subarray(0, length - at).map((sample) => gain * sample),
          at,
        );
        at += said.length + random.int(PIPELINE_RATE / 10, PIPELINE_RATE);
      }
      return all;
    });
  }

  async #babble(length: number, seed: number): Promise<Float32Array> {
    const random = Random.named(seed, 'babble');
    const all = new Float32Array(length);
    for (const voice of BABBLE_VOICES) {
      let at = -random.int(0, 2 * PIPELINE_RATE);
      while (at < length) {
        const said = await this.speech(random.pick(BABBLE), voice);
        const gain = 1 / levelOf(said);
        for (let i = Math.max(0, -at); i < said.length && at + i < length; i++)
          all[at + i] = (all[at + i] ?? 0) + gain * (said[i] ?? 0);
        at += said.length + random.int(0, PIPELINE_RATE / 2);
      }
    }
    return all;
  }

  #once(name: string, make: () => Promise<Float32Array>): Promise<Float32Array> {
    const made = this.#made.get(name) ?? make();
    this.#made.set(name, made);
    return made;
  }
}

/** Level of the loud parts of a sound: the root mean square of its active frames. */
export function levelOf(sound: Float32Array): number {
  const powers: number[] = [];
  for (let at = 0; at + FRAME <= sound.length; at += FRAME)
    powers.push(power(sound.subarray(at, at + FRAME)));
  const least = Math.max(...powers, 1e-12) / 10 ** (ACTIVE_DB / 10);
  const active = powers.filter((one) => one >= least);
  return Math.sqrt(active.reduce((sum, one) => sum + one, 0) / Math.max(1, active.length));
}

/** `sound` with its level at `dbfs` decibels of full scale. */
export function levelled(sound: Float32Array, dbfs: number): Float32Array {
  const gain = 10 ** (dbfs / 20) / Math.max(1e-9, levelOf(sound));
  return sound.map((sample) => gain * sample);
}

function power(samples: Float32Array): number {
  return samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
}

/** Without leading and trailing frames of 5 ms that are 35 dB below the loudest. */
function trimmed(sound: Float32Array): Float32Array {
  const step = FRAME / 4;
  const powers = Array.from({ length: Math.floor(sound.length / step) }, (_, i) =>
    power(sound.subarray(i * step, (i + 1) * step)),
  );
  const least = Math.max(...powers, 0) / 10 ** 3.5;
  const first = Math.max(
    0,
    powers.findIndex((one) => one >= least),
  );
  return sound.slice(first * step, (powers.findLastIndex((one) => one >= least) + 1) * step);
}

async function atPipelineRate(pcm: Pcm): Promise<Float32Array> {
  const resampler = (await speexResampler()).create(pcm.rate, PIPELINE_RATE);
  const pieces = [resampler.push(pcm).samples.slice(), resampler.flush().samples.slice()];
  resampler.close();
  return Float32Array.from(joinedSamples(pieces), (sample) => sample / 0x8000);
}

function generated(kind: Exclude<Noise, 'babble'>, length: number, random: Random): Float32Array {
  const white = () => 2 * random.next() - 1;
  const seconds = (i: number) => i / PIPELINE_RATE;
  switch (kind) {
    case 'white':
      return new Float32Array(length).map(white);
    case 'pink': {
      // Three one-pole filters an octave and a half apart: within 2 dB of 3 dB an octave from 40 Hz to 6 kHz.
      const poles = [0.997, 0.97, 0.75];
      const state = poles.map(() => 0);
      return new Float32Array(length).map(() => {
        const input = white();
        return poles.reduce((sum, pole, i) => {
          state[i] = pole * (state[i] ?? 0) + (1 - pole) * input;
          return sum + (state[i] ?? 0) / Math.sqrt(1 - pole);
        }, 0.05 * input);
      });
    }
    case 'hum':
      // A motor: harmonics of a wandering 90 Hz, and some hiss.
      return new Float32Array(length).map((_, i) => {
        const turn = 2 * Math.PI * (90 * seconds(i) + 3 * Math.sin(2 * Math.PI * 0.7 * seconds(i)));
        return [1, 2, 3, 5, 8].reduce((sum, n) => sum + Math.sin(n * turn) / n, 0.2 * white());
      });
    case 'beeps':
      return new Float32Array(length).map((_, i) =>
        seconds(i) % 0.4 < 0.2 ? Math.sin(2 * Math.PI * 1_200 * seconds(i)) : 0,
      );
    case 'music':
      return music(length, random);
    case 'knocks': {
      let since = 0;
      let every = 0.25;
      return new Float32Array(length).map((_, i) => {
        if (seconds(i) - since >= every) {
          since = seconds(i);
          every = 0.2 + 0.3 * random.next();
        }
        const t = seconds(i) - since;
        return Math.exp(-45 * t) * (Math.sin(2 * Math.PI * 170 * t) + 0.6 * white());
      });
    }
  }
}

/** Chords of four plucked voices, a beat of half a second, and a melody over them. */
function music(length: number, random: Random): Float32Array {
  const beat = PIPELINE_RATE / 2;
  const tone = (note: number) => 220 * 2 ** (note / 12);
  const scale = [0, 2, 4, 5, 7, 9, 11, 12];
  const all = new Float32Array(length);
  for (let at = 0; at < length; at += beat) {
    const root = random.pick([0, 5, 7, 9]);
    const notes = [root - 12, root, root + 4, root + 7, 12 + random.pick(scale)];
    for (const note of notes)
      for (let i = 0; i < 2 * beat && at + i < length; i++) {
        const t = i / PIPELINE_RATE;
        const phase = 2 * Math.PI * tone(note) * t;
        const sound = Math.sin(phase) + 0.4 * Math.sin(2 * phase) + 0.2 * Math.sin(3 * phase);
        all[at + i] = (all[at + i] ?? 0) + Math.min(1, 100 * t) * Math.exp(-3 * t) * sound;
      }
  }
  return all;
}
