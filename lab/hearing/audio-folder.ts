import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Sets of recordings in a folder, each with `labels.tsv`, except those of `people`, which are named by their folders. */
export type RecordingSet =
  | 'speech-commands'
  | 'words'
  | 'commands'
  | 'meetings'
  | 'noise'
  | 'rir'
  | 'robot-sounds'
  | 'echo-doubletalk'
  | 'people/keywords'
  | 'people/digits'
  | 'people/orders';

/** A labelled recording. */
export interface Recording {
  readonly path: string;
  /** Path within its set. */
  readonly file: string;
  /** What is said, in small letters; of a set without labels, its file's name. */
  readonly label: string;
  /** Half 0 is fitted to, half 1 is reported: by speaker where the speakers are named, else every second file. */
  readonly half: 0 | 1;
}

/** Sets whose `speaker` column names people who may be in several files. */
const BY_SPEAKER: ReadonlySet<RecordingSet> = new Set(['speech-commands']);

/** The recordings of `set` in `folder`, by name; none if the set is missing. */
export function recordingsOf(folder: string, set: RecordingSet): readonly Recording[] {
  const path = join(folder, set);
  if (!existsSync(path)) return [];
  const labels = join(path, 'labels.tsv');
  const rows = existsSync(labels)
    ? readFileSync(labels, 'utf8')
        .split('\n')
        .slice(1)
        .map((line) => line.split('\t'))
    : readdirSync(path).map((file) => [file, file.slice(0, -4)]);
  return rows
    .filter(([file]) => file?.endsWith('.wav') && existsSync(join(path, file)))
    .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1))
    .map(([file = '', label = '', speaker = ''], i) => ({
      ...{ path: join(path, file), file, label: label.toLowerCase() },
      half: BY_SPEAKER.has(set) ? halfOf(speaker) : i % 2 === 0 ? 0 : 1,
    }));
}

/** A half by name, so that it does not depend on which other speakers there are. */
function halfOf(speaker: string): 0 | 1 {
  let sum = 0;
  for (const letter of speaker) sum = (31 * sum + letter.charCodeAt(0)) >>> 0;
  return ((sum ^ (sum >>> 7)) & 1) === 0 ? 0 : 1;
}
