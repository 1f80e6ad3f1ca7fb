import { basename } from 'node:path';
import type { Dialog } from '../../actors/dialog/mod.ts';
import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import { type HearOptions, hear, withRoom } from './hear.ts';
import type { Labels } from './labels.ts';
import { withNoiseAt } from './noise.ts';
import { readRecording } from './recording.ts';
import { type Judged, outcome, type Score, scoreOf, understood } from './score.ts';

export interface TranscribeOptions extends HearOptions {
  readonly dialog: Dialog;
  readonly labels?: Labels;
  readonly noise?: { readonly sound: Pcm<PipelineRate>; readonly snrsDb: readonly number[] };
  /** Called after each recording with the number of those done. */
  readonly onFile?: (done: number) => void;
}

/** A recording under one condition. */
export interface Transcript extends Judged {
  readonly file: string;
}

export interface Transcription {
  /** Absent without noise. */
  readonly snrDb?: number;
  readonly files: readonly Transcript[];
  /** Absent without labels. */
  readonly score?: Score;
}

/** Recordings in progress at a time: enough to keep a thread of the recogniser busy. */
const AT_A_TIME = 4;

/** Transcribes recordings, once clean and once at each ratio of noise. The same input gives the same result. Rejects with AUDIO_FILE_UNREADABLE, AUDIO_FILE_INVALID or an error of the engines. */
export async function transcribe(
  files: readonly string[],
  options: TranscribeOptions,
): Promise<readonly Transcription[]> {
  const { dialog, labels, noise } = options;
  const conditions: readonly (number | undefined)[] = [undefined, ...(noise?.snrsDb ?? [])];
  const rows = conditions.map((): Transcript[] => []);
  let next = 0;
  let done = 0;
  const work = async () => {
    for (let at = next++; at < files.length; at = next++) {
      const file = files[at] ?? '';
      const sound = withRoom(await readRecording(file), options.endpointing);
      for (const [row, snrDb] of conditions.entries()) {
        const mixed =
          snrDb === undefined || !noise ? sound : withNoiseAt(sound, noise.sound, snrDb, basename(file));
        const heard = understood(dialog, await hear(mixed, options));
        const said = labels?.(file);
        (rows[row] ?? [])[at] = { file, said, heard, outcome: outcome(dialog, said, heard) };
      }
      options.onFile?.(++done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, files.length) }, work));
  return rows.map((transcripts, row) => {
    const snrDb = conditions[row];
    return {
      ...(snrDb === undefined ? {} : { snrDb }),
      files: transcripts,
      ...(labels && { score: scoreOf(dialog, transcripts) }),
    };
  });
}
