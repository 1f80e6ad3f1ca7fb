import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import { levelled, type Sounds } from '../../../testing/eval/sounds.ts';
import type { Random } from '../../../testing/simulation/random.ts';
import { type Recording, type RecordingSet, recordingsOf } from '../audio-folder.ts';
import type { Said } from './speech.ts';
import { wordEndIn } from './word-end.ts';

/** Long recordings are cut into pieces of this length, from which a scene takes a part. */
const PIECE = samplesInMs(4_000, PIPELINE_RATE);
const BABBLES = 12;
const BABBLE = samplesInMs(10_000, PIPELINE_RATE);
const BABBLE_SPEAKERS = [2, 5] as const;

export interface PeopleMaterial {
  readonly stops: readonly Said[];
  /** Lone words, by word. */
  readonly lone: readonly (readonly Said[])[];
  /** Other speech by kind: each is used as often as another. */
  readonly others: readonly (readonly Said[])[];
  readonly noises: readonly Float32Array[];
  readonly responses: readonly Float32Array[];
}

/** The half of the people, noises and rooms in `folder` that may be fitted to. */
export async function peopleToFit(
  folder: string,
  sounds: Sounds,
  random: Random,
  half: 0 | 1 = 0,
): Promise<PeopleMaterial> {
  const some = (set: RecordingSet) => recordingsOf(folder, set).filter((one) => one.half === half);
  const read = (all: readonly Recording[]) => Promise.all(all.map(({ path }) => sounds.recording(path)));
  const pieces = async (set: RecordingSet) => (await read(some(set))).flatMap(cut);
  // Of what lasts long, one half of the time.
  const firstHalves = async (set: RecordingSet) =>
    (await read(recordingsOf(folder, set))).map((sound) =>
      half === 0 ? sound.subarray(0, sound.length >> 1) : sound.subarray(sound.length >> 1),
    );

  const words = some('speech-commands');
  const lone = new Map<string, Said[]>();
  for (const one of words) {
    if (one.label === 'stop') continue;
    const kind = lone.get(one.label) ?? [];
    kind.push({ sound: await sounds.recording(one.path) });
    lone.set(one.label, kind);
  }
  const stops = await Promise.all(
    words
      .filter(({ label }) => label === 'stop')
      .map(async ({ path }): Promise<Said> => {
        const sound = await sounds.recording(path);
        return { sound, wordEnd: wordEndIn(sound) / sound.length };
      }),
  );
  const sentences = (
    await Promise.all(
      (['words', 'commands', 'people/keywords', 'people/digits', 'people/orders'] as const).map(pieces),
    )
  ).filter((kind) => kind.length > 0);
  const talk = (await firstHalves('meetings')).flatMap(cut);
  const others = [...sentences, ...(talk.length > 0 ? [talk] : [])];
  const kitchen = join(folder, 'people', 'noise_kitchen.wav');
  const noises = [
    ...(await firstHalves('noise')),
    ...(existsSync(kitchen) ? [(await sounds.recording(kitchen)).slice(0, 320_000)] : []),
    ...(await firstHalves('robot-sounds')),
  ].map(lasting);
  return {
    ...{ stops, others },
    lone: [...lone.values()],
    noises: [...noises, ...babbles([...sentences.flat(), ...talk], random)],
    responses: (await read(recordingsOf(folder, 'rir'))).map((sound) =>
      sound.subarray(0, PIPELINE_RATE >> 1),
    ),
  };
}

function cut(sound: Float32Array): readonly Said[] {
  const all: Said[] = [];
  for (let at = 0; at === 0 || at + PIECE / 2 < sound.length; at += PIECE)
    all.push({ sound: sound.slice(at, at + PIECE) });
  return all;
}

/** Long enough for a scene at each speed. */
function lasting(sound: Float32Array): Float32Array {
  return Float32Array.from(
    { length: Math.max(BABBLE, sound.length) },
    (_, i) => sound[i % sound.length] ?? 0,
  );
}

/** Several people at once. */
function babbles(said: readonly Said[], random: Random): readonly Float32Array[] {
  if (said.length === 0) return [];
  return Array.from({ length: BABBLES }, () => {
    const all = new Float32Array(BABBLE);
    for (let left = random.int(...BABBLE_SPEAKERS); left > 0; left--)
      for (let at = -random.int(0, PIECE); at < BABBLE; ) {
        const sound = levelled(random.pick(said).sound, -30);
        for (let i = Math.max(0, -at); i < sound.length && at + i < BABBLE; i++)
          all[at + i] = (all[at + i] ?? 0) + (sound[i] ?? 0);
        at += sound.length + random.int(0, PIPELINE_RATE / 4);
      }
    return all;
  });
}
