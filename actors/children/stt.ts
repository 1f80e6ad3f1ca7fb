import { msOfSamples, PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import type { Wanted } from '../../machines/behaviour/program.ts';
import { errorRecord, ParleyError } from '../../machines/errors.ts';
import type { ChildInputs } from '../../machines/session/commands.ts';
import type { ChildEvent, SttOutput, TurnEnd } from '../../machines/session/events.ts';
import type { ReadWords } from '../../machines/session/turn/reading.ts';
import type { TimedWord } from '../../machines/wire.ts';
import { aborted } from '../cancellation.ts';
import { type ChildLogic, childLogic } from '../child.ts';
import type { InputAudio } from '../ear/input-audio.ts';
import type { IdentifyLanguage } from '../ports/language.ts';
import type { Expected, SttEngine } from '../ports/stt.ts';

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
  /** What the words are expected to be, by what the behaviour wants. */
  readonly expect?: ((wanted: Wanted) => Expected) | undefined;
  /** Where a recognition waits to be adopted when its child stops. */
  readonly handover?: Handover;
}

/** A recognition that can go on without its child. */
interface Recognition {
  /** Ends the audio. */
  finish(): void;
  abort(): void;
  readonly words: Promise<SttOutput>;
  /** It goes on without its child, and its words do not belong to the conversation. */
  adopt(): void;
}

/** The running recognitions of a session, by utterance. */
export type Handover = Map<number, Recognition>;

/** Goes on with recognitions whose utterances the conversation has discarded, and reports their final words. */
export function discardedChild(handover: Handover): ChildLogic {
  return childLogic(({ mailbox, signal, emit }) => {
    const adopted = new Set<Recognition>();
    signal.addEventListener('abort', () => {
      for (const recognition of adopted) recognition.abort();
    });
    const adopt = (utterance: number) => {
      const recognition = handover.get(utterance);
      if (!recognition) return;
      recognition.adopt();
      adopted.add(recognition);
      void recognition.words
        .then(
          (output) => emit({ type: 'discarded.words', utterance, output }),
          (thrown) => emit({ type: 'discarded.words', utterance, error: errorRecord(thrown, 'STT_FAILED') }),
        )
        .finally(() => adopted.delete(recognition));
    };
    // At once: the utterance's own child stops next.
    mailbox.consume((message) => {
      if (message.type === 'adopt') adopt(message.utterance);
      else if (message.type === 'finish') for (const recognition of adopted) recognition.finish();
    });
    return aborted(signal);
  });
}

/** Recognises one utterance: emits partial transcripts and returns the final one. `finish` ends the audio. */
export function sttChild(options: SttChildOptions, input: ChildInputs['stt']): ChildLogic {
  return childLogic(async ({ mailbox, signal, emit }) => {
    const { handover } = options;
    const { utterance } = input;
    const finished = new AbortController();
    const work = new AbortController();
    let adopted = false;
    const words = recognise(options, input, {
      ...{ finished: finished.signal, signal: work.signal, emit },
      counts: () => !adopted,
    });
    const recognition: Recognition = {
      ...{ finish: () => finished.abort(), abort: () => work.abort(), words },
      adopt: () => {
        adopted = true;
      },
    };
    handover?.set(utterance, recognition);
    signal.addEventListener('abort', () => {
      handover?.delete(utterance);
      if (adopted) return;
      finished.abort();
      work.abort();
    });
    mailbox.consume(({ type }) => {
      if (type === 'finish') finished.abort();
    });
    try {
      return await words;
    } finally {
      finished.abort();
    }
  });
}

interface Work {
  /** Aborted at the end of the audio. */
  readonly finished: AbortSignal;
  readonly signal: AbortSignal;
  readonly emit: (event: ChildEvent) => void;
  readonly counts: () => boolean;
}

async function recognise(
  { engine, audio, prerollMs, read, identify, wanted, expect }: SttChildOptions,
  { fromSample, toSample, language: asked, wanted: now }: ChildInputs['stt'],
  { finished, signal, emit, counts }: Work,
): Promise<SttOutput> {
  const from = toSample === undefined ? fromSample - samplesInMs(prerollMs, PIPELINE_RATE) : fromSample;
  let partial = '';
  let end: TurnEnd | undefined;
  const followed = audio.follow(from, finished, undefined, toSample);
  const expected = now && expect?.(now);
  const request = { language: asked, counts, ...(expected && { expected }) };
  for await (const event of engine.transcribe(followed, request, signal)) {
    if (event.type === 'final') {
      const { text, confidence, rejected, words } = event;
      const language = event.language ?? identify?.(text, asked);
      const reading = read?.(text || (rejected?.nearest ?? ''), language ?? asked, true);
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
    if (event.end === end && wanted?.(event.text, asked) === false) continue;
    partial = event.text;
    end = event.end;
    const language = event.language ?? identify?.(partial, asked);
    const reading = read?.(partial, language ?? asked, false);
    emit({
      ...{ type: 'transcript.partial', text: partial },
      ...(reading && { reading }),
      ...(language !== undefined && { language }),
      ...(end !== undefined && { end }),
    });
  }
  throw new ParleyError('ENGINE_PROTOCOL', `${engine.name} ended without a final transcript`);
}

/** A word of an utterance that begins at the session's sample `from`. */
function later({ text, startMs, endMs }: TimedWord, from: number): TimedWord {
  const beginMs = msOfSamples(Math.max(0, from), PIPELINE_RATE);
  return { text, startMs: beginMs + startMs, endMs: beginMs + endMs };
}
