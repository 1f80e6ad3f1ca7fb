import { msOfSamples, PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { ChildInputs } from '../../machines/session/commands.ts';
import type { TurnEnd } from '../../machines/session/events.ts';
import type { ReadWords } from '../../machines/session/turn/reading.ts';
import type { TimedWord } from '../../machines/wire.ts';
import { type ChildLogic, childLogic } from '../child.ts';
import type { InputAudio } from '../ear/input-audio.ts';
import type { IdentifyLanguage } from '../ports/language.ts';
import type { SttEngine } from '../ports/stt.ts';

export interface SttChildOptions {
  readonly engine: SttEngine;
  readonly audio: InputAudio;
  /** Audio from before the onset that the engine hears too. */
  readonly prerollMs: number;
  /** What the dialog knows about the words. */
  readonly read?: ReadWords | undefined;
  /** Of words whose language the engine does not report. Default: it stays unknown. */
  readonly identify?: IdentifyLanguage | undefined;
  /** Whether words so far are reported that say nothing new of the turn's end. Default: always. */
  readonly wanted?: (text: string, language: string) => boolean;
}

/** Recognises one utterance: emits partial transcripts and returns the final one. `finish` ends the audio. */
export function sttChild(
  { engine, audio, prerollMs, read, identify, wanted }: SttChildOptions,
  input: ChildInputs['stt'],
): ChildLogic {
  return childLogic(async ({ mailbox, signal, emit }) => {
    const finished = new AbortController();
    const { fromSample, toSample } = input;
    const from = toSample === undefined ? fromSample - samplesInMs(prerollMs, PIPELINE_RATE) : fromSample;
    void (async () => {
      for await (const message of mailbox) if (message.type === 'finish') break;
      finished.abort();
    })();
    let partial = '';
    let end: TurnEnd | undefined;
    for await (const event of engine.transcribe(
      audio.follow(from, finished.signal, undefined, toSample),
      { language: input.language },
      signal,
    )) {
      if (event.type === 'final') {
        const { text, confidence, rejected, words } = event;
        const language = event.language ?? identify?.(text, input.language);
        const reading = read?.(text || (rejected?.nearest ?? ''), language ?? input.language, true);
        return {
          text,
          ...(confidence === undefined ? {} : { confidence }),
          ...(language === undefined ? {} : { language }),
          ...(rejected === undefined ? {} : { rejected }),
          ...(words === undefined ? {} : { words: words.map((word) => later(word, from)) }),
          ...(reading && { reading }),
        };
      }
      if (event.text === partial && event.end === end) continue;
      if (event.end === end && wanted?.(event.text, input.language) === false) continue;
      partial = event.text;
      end = event.end;
      const language = event.language ?? identify?.(partial, input.language);
      const reading = read?.(partial, language ?? input.language, false);
      emit({
        ...{ type: 'transcript.partial', text: partial },
        ...(reading && { reading }),
        ...(language !== undefined && { language }),
        ...(end !== undefined && { end }),
      });
    }
    throw new ParleyError('ENGINE_PROTOCOL', `${engine.name} ended without a final transcript`);
  });
}

/** A word of an utterance that begins at the session's sample `from`. */
function later({ text, startMs, endMs }: TimedWord, from: number): TimedWord {
  const beginMs = msOfSamples(Math.max(0, from), PIPELINE_RATE);
  return { text, startMs: beginMs + startMs, endMs: beginMs + endMs };
}
