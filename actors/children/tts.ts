import { type OutputRate, samplesInMs } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { WordMark } from '../../machines/policies/heard.ts';
import type { ChildInputs } from '../../machines/session/commands.ts';
import { type ChildLogic, type ChildScope, childLogic } from '../child.ts';
import type { Resampler, ResamplerFactory } from '../ports/resampler.ts';
import type { TtsEngine } from '../ports/tts.ts';
import type { ReplyTrack } from '../reply-track.ts';

export interface TtsChildOptions {
  readonly engine: TtsEngine;
  readonly resamplers: ResamplerFactory;
  readonly track: ReplyTrack<OutputRate>;
}

/** Synthesis goes on while less than this waits to be played: the next segment is ready before the last is over. */
const AHEAD_MS = 10_000;
/** The machine is told of new audio at most this often. */
const TELL_MS = 100;

/** Speaks the segments in order into the reply's track, and ends the track when it ends, well or ill. */
export function ttsChild(options: TtsChildOptions, input: ChildInputs['tts']): ChildLogic {
  return childLogic(async (scope) => {
    const { track } = options;
    // An engine that does not heed the signal must not keep playback waiting for more.
    scope.signal.addEventListener('abort', () => track.end(), { once: true });
    try {
      for await (const message of scope.mailbox) {
        if (message.type === 'end') break;
        if (message.type !== 'segment') continue;
        await track.room(samplesInMs(AHEAD_MS, track.rate), scope.signal);
        scope.signal.throwIfAborted();
        await speakSegment(options, scope, input, message.segment, message.text);
      }
      return null;
    } finally {
      track.end();
    }
  });
}

async function speakSegment(
  { engine, resamplers, track }: TtsChildOptions,
  { signal, tell }: ChildScope,
  { language, voice }: ChildInputs['tts'],
  segment: number,
  text: string,
): Promise<void> {
  tell({ type: 'segment.started', segment });
  const start = track.written;
  const words: WordMark[] = [];
  let told = 0;
  let resampler: Resampler<number, OutputRate> | undefined;
  const scaled = (sample: number) =>
    resampler ? Math.round((sample * track.rate) / resampler.from) : sample;
  const progress = (ready: boolean) => {
    told = track.written - start;
    tell({ type: 'segment.audio', segment, samples: told, words: [...words], ready });
  };
  try {
    const pendingMarks: (() => void)[] = [];
    if (text.trim() !== '') {
      for await (const event of engine.synthesize(
        { text, language, ...(voice === null ? {} : { voice }) },
        signal,
      )) {
        if (event.type === 'audio') {
          resampler ??= resamplers.create(event.pcm.rate, track.rate);
          for (const mark of pendingMarks.splice(0)) mark();
          track.write(resampler.push(event.pcm));
          const fresh = track.written - start - told;
          if (told === 0 ? fresh > 0 : fresh >= samplesInMs(TELL_MS, track.rate)) progress(false);
        } else {
          // Marks may come before the first audio tells the engine's rate.
          const mark = () => {
            if (event.type === 'word') words.push({ sample: scaled(event.sample), offset: event.offset });
            else
              track.cue({
                sample: start + scaled(event.sample),
                phoneme: event.phoneme,
                viseme: event.viseme,
              });
          };
          if (resampler) mark();
          else pendingMarks.push(mark);
        }
      }
    }
    if (resampler) track.write(resampler.flush());
    if (track.written === start && hasWords(text))
      throw new ParleyError('TTS_FAILED', `${engine.name} gave no audio for a text`);
  } finally {
    resampler?.close();
  }
  progress(true);
}

/** False for what an engine may pass over in silence: punctuation, symbols. */
function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}
