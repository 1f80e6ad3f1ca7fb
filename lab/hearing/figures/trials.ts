import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Recording, type RecordingSet, recordingsOf } from '../audio-folder.ts';
import { peopleTrials } from '../people/trials.ts';

/** What sounds while somebody says "stop": softer than the word by 10 dB, the kitchen by 12. */
export const CONDITIONS = [
  'silence',
  'white',
  'hum',
  'kitchen',
  'babble',
  /** The robot's own voice, behind its echo canceller… */
  'ownVoice',
  /** …and without one. */
  'ownVoiceUncancelled',
  /** Recorded motors. */
  'moving',
] as const;
export type Condition = (typeof CONDITIONS)[number];

export type OtherSpeech = 'words' | 'sentences' | 'meetings';

interface Common {
  /** The same in each run, so that a run can be resumed. */
  readonly id: string;
  readonly half: 0 | 1;
}
export type FigureTrial = Common &
  (
    | { readonly kind: 'stop'; readonly condition: Condition; readonly path: string }
    /** `label`: what is said. `fromMs`: of a long recording, where the piece begins. */
    | {
        readonly kind: 'false stop';
        readonly group: OtherSpeech;
        readonly label: string;
        readonly path: string;
        readonly fromMs: number;
      }
    /** `index`: among `peopleTrials`. */
    | { readonly kind: 'sentence'; readonly index: number }
    | { readonly kind: 'echo'; readonly path: string; readonly loopback: string; readonly db: number }
  );

/** A long recording is heard in pieces, each with the second before it. */
export const PIECE_MS = 20_000;
const MEETING_MS = 600_000;
/** Levels at which a recorded echo is heard, dB relative to the recording. */
const ECHO_DB = [-12, -6, 0, 3] as const;

const SENTENCES: readonly RecordingSet[] = ['words', 'commands', 'people/orders'];
const WORDS: readonly RecordingSet[] = ['speech-commands', 'people/keywords', 'people/digits'];

/** Everything that `folder` has recordings for. `durationMs` returns the length of a file. */
export function figureTrials(folder: string, durationMs: (path: string) => number): readonly FigureTrial[] {
  return [...stops(folder), ...falseStops(folder, durationMs), ...sentences(folder), ...echoes(folder)];
}

function stops(folder: string): readonly FigureTrial[] {
  const has: Partial<Record<Condition, boolean>> = {
    kitchen: existsSync(kitchenIn(folder)),
    moving: motorIn(folder) !== undefined,
  };
  const said = recordingsOf(folder, 'speech-commands').filter(isStop);
  return CONDITIONS.filter((condition) => has[condition] !== false).flatMap((condition) =>
    said.map(({ file, path, half }) => ({
      ...{ kind: 'stop', id: `stop ${condition} ${file}`, condition, path, half },
    })),
  );
}

function falseStops(folder: string, durationMs: (path: string) => number): readonly FigureTrial[] {
  const trial = (group: OtherSpeech, { file, path, half, label }: Recording, fromMs = 0): FigureTrial => ({
    ...{ kind: 'false stop', id: `${group} ${file} ${fromMs}`, group, label, path, fromMs, half },
  });
  const of = (sets: readonly RecordingSet[], group: OtherSpeech) =>
    sets
      .flatMap((set) => recordingsOf(folder, set))
      .filter((one) => !isStop(one))
      .map((one) => trial(group, one));
  const meetings = recordingsOf(folder, 'meetings').flatMap((one) => {
    const count = Math.ceil(Math.min(MEETING_MS, durationMs(one.path)) / PIECE_MS);
    // The first half of the time was fitted to.
    return Array.from({ length: count }, (_, i) =>
      trial('meetings', { ...one, half: 2 * i < count ? 0 : 1 }, i * PIECE_MS),
    );
  });
  return [...of(WORDS, 'words'), ...of(SENTENCES, 'sentences'), ...meetings];
}

function sentences(folder: string): readonly FigureTrial[] {
  return peopleTrials(join(folder, 'people')).map(({ name, grammar, half }, index) => ({
    ...{ kind: 'sentence', id: `sentence ${grammar} ${name}`, index, half: half === 0 ? 0 : 1 },
  }));
}

function echoes(folder: string): readonly FigureTrial[] {
  const all = recordingsOf(folder, 'echo-doubletalk');
  return all
    .filter(({ file }) => file.includes('farend_singletalk') && file.endsWith('_mic.wav'))
    .flatMap(({ file, path, half }) =>
      ECHO_DB.map((db): FigureTrial => {
        const loopback = path.replace(/_mic\.wav$/, '_lpb.wav');
        return { kind: 'echo', id: `echo ${file} ${db}`, path, loopback, db, half };
      }),
    );
}

function isStop({ label }: Recording): boolean {
  return /\bstop\b/.test(label);
}

export function kitchenIn(folder: string): string {
  return join(folder, 'people', 'noise_kitchen.wav');
}

/** A recording of motors. */
export function motorIn(folder: string): string | undefined {
  return recordingsOf(folder, 'noise').find(({ label }) => /motor|vehicle|power tool/.test(label))?.path;
}
