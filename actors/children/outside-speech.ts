import type { OutputRate } from '../../machines/audio.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { type ChildLogic, childLogic } from '../child.ts';
import type { OutsideSpeech, SpeechPiece } from '../ports/outside-speech.ts';
import type { Resampler, ResamplerFactory } from '../ports/resampler.ts';
import { Bell } from '../reply/bell.ts';
import type { ReplyTrack } from '../reply-track.ts';

export interface OutsideSpeechOptions {
  readonly speech: OutsideSpeech;
  readonly resamplers: ResamplerFactory;
  readonly track: ReplyTrack<OutputRate>;
  readonly clock: Clock;
  /** A speech of which nothing comes for this long has failed with TTS_TIMEOUT, ms. */
  readonly quietMs: number;
}

/** Writes speech from outside into the reply's track, in place of synthesis. The text is unknown, so it has no segments. */
export function outsideSpeechChild(options: OutsideSpeechOptions): ChildLogic {
  return childLogic(async ({ signal }) => {
    const { speech, resamplers, track } = options;
    const room = new Bell();
    let resampler: Resampler<number, OutputRate> | undefined;
    let viseme: number | undefined;
    track.onRead(() => room.ring());
    const stop = () => {
      room.ring();
      void speech.pieces.return?.();
    };
    signal.addEventListener('abort', stop, { once: true });
    const write = async (samples: Int16Array) => {
      const piece = { rate: track.rate, samples };
      for (let taken = 0; taken < samples.length && !signal.aborted; ) {
        taken += track.write(piece, taken);
        if (taken < samples.length) await room.next();
      }
    };
    try {
      for (let piece = await nextPiece(options); piece; piece = await nextPiece(options)) {
        resampler ??= resamplers.create(piece.pcm.rate, track.rate);
        if (piece.viseme !== undefined && piece.viseme !== viseme) {
          viseme = piece.viseme;
          track.cue({ sample: track.written, phoneme: '', viseme });
        }
        await write(resampler.push(piece.pcm).samples);
      }
      if (resampler && !signal.aborted) await write(resampler.flush().samples);
      return null;
    } finally {
      resampler?.close();
      track.end();
      stop();
    }
  });
}

/** Undefined at the end. */
function nextPiece({ speech, clock, quietMs }: OutsideSpeechOptions): Promise<SpeechPiece | undefined> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new ParleyError('TTS_TIMEOUT', `nothing came from outside for ${quietMs} ms`));
    const timer = clock.setTimer(quietMs, late);
    const settled = () => timer.cancel();
    speech.pieces
      .next()
      .then(({ value }) => resolve(value), reject)
      .finally(settled);
  });
}
