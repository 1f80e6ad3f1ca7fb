import type { WorkerOptions } from 'node:worker_threads';
import { changesByMoment, type Dialog, haltPhrases } from '../../../actors/dialog/mod.ts';
import type { SttEngine, SttEvent } from '../../../actors/ports/stt.ts';
import type { Clock } from '../../../machines/clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { baseLanguage } from '../../../machines/policies/text.ts';
import { realClock } from '../../real-clock.ts';
import type { PoolThread } from '../../thread-pool.ts';
import { startWorkerThread } from '../../worker-thread.ts';
import { UtterancePool } from '../utterance-pool.ts';
import { transcribe } from '../utterances.ts';
import { otherWords } from './common-words.ts';
import {
  confidenceIn,
  heardDialog,
  heardLanguages,
  isHeard,
  leniencyOf,
  likelier,
  textOf,
} from './foreign.ts';
import { dialogGrammar, grammarWords, slotWords } from './jsgf.ts';
import { ANSWER_ODDS, type Moment, Moments } from './moments.ts';
import type { ThreadData } from './protocol.ts';
import { calibrated } from './verdict.ts';
import { checkWords } from './words.ts';

export interface SoundswallowerOptions {
  /**
   * Only its phrases and backchannels are understood, of its languages the one that is asked for. Chinese, Japanese and
   * Korean are heard with an English model.
   */
  readonly dialog: Dialog;
  /** Languages that are heard together: an utterance may be in any of them if one of them is asked for. Default: none. */
  readonly together?: readonly string[];
  /** Number of threads. Default 1. */
  readonly workers?: number;
  /** Utterances that a thread decodes in parallel; about 3 MB each. Default 4. */
  readonly decodersPerWorker?: number;
  /** Maximum number of utterances that wait for a decoder; further ones fail with ENGINE_OVERLOADED. Default 32. */
  readonly maxWaiting?: number;
  /** Maximum length of a sentence, in ms. Longer speech is rejected without further decoding. Default 12 000. */
  readonly maxUtteranceMs?: number;
  /** Log odds required to accept a sentence: above 0 more is rejected, below 0 less. Default 0. */
  readonly strictness?: number;
  /** A thread with a pending result that sends nothing for this long is restarted, in ms. Default 10 000. */
  readonly stallMs?: number;
  /** Default: real time. */
  readonly clock?: Clock;
  /** Receives ENGINE_CRASHED for every thread that ended by itself; another decodes its utterances again. */
  readonly onCrash?: (error: ParleyError) => void;
  /** For tests that need access to the thread. */
  readonly startThread?: (options: WorkerOptions) => PoolThread;
}

/** What a thread needs to understand a dialog. */
export function threadDataOf(dialog: Dialog, decoders: number, strictness = 0): ThreadData {
  return {
    grammar: dialogGrammar(dialog),
    words: [...grammarWords(dialog)],
    backchannels: [...dialog.backchannels],
    stops: [...haltPhrases(dialog)],
    otherWords: [...otherWords(grammarWords(dialog), slotWords(dialog))],
    pronunciations: new Map(dialog.pronunciations),
    decoders,
    strictness,
  };
}

/** Speech to text without key or network: SoundSwallower with the dialog as its grammar, in worker threads. Other speech gives a final with empty text. Throws DIALOG_INVALID if it can hear no language of the dialog, or a word has no known pronunciation.
 */
export function soundswallowerStt(options: SoundswallowerOptions): SttEngine {
  const { dialog, workers = 1, decodersPerWorker = 4, maxWaiting = 32, maxUtteranceMs = 12_000 } = options;
  const [own, ...others] = heardLanguages(dialog);
  if (own === undefined) {
    throw new ParleyError(
      'DIALOG_INVALID',
      `SoundSwallower hears English, Chinese, Japanese and Korean, and the dialog is in ${dialog.language}`,
    );
  }
  const together = (options.together ?? []).map(baseLanguage).filter((one) => isHeard(one));
  for (const language of [own, ...others]) checkWords(heardDialog(dialog, [language]));
  const start =
    options.startThread ?? ((thread: WorkerOptions) => startWorkerThread(import.meta.url, 'worker', thread));
  const poolOf = (languages: readonly string[]) => {
    const strictness = (options.strictness ?? 0) - leniencyOf(languages);
    const workerData = threadDataOf(heardDialog(dialog, languages), decodersPerWorker, strictness);
    return new UtterancePool({
      engine: 'SoundSwallower',
      threads: workers,
      decodersPerThread: decodersPerWorker,
      maxWaiting,
      stallMs: options.stallMs ?? 10_000,
      clock: options.clock ?? realClock,
      startThread: () => start({ workerData }),
      onCrash: options.onCrash,
    });
  };
  const moments = new Moments(dialog, options.strictness ?? 0);
  const byMoment = changesByMoment(dialog);
  const pools = new Map<string, UtterancePool>();
  const languagesFor = (language: string): readonly string[] => {
    const base = baseLanguage(language);
    return together.includes(base) ? together : [others.includes(base) ? base : own];
  };
  /** The threads that hear a language, made when it is first spoken. */
  const poolFor = (language: string) => {
    const languages = languagesFor(language);
    const pool = pools.get(languages.join()) ?? poolOf(languages);
    pools.set(languages.join(), pool);
    return pool;
  };
  const main = poolFor(own);

  return {
    name: 'soundswallower',
    tellsPartials: true,
    transcribe: (audio, { language, expected }, signal) => {
      const now = expected && byMoment ? moments.of(languagesFor(language), expected) : undefined;
      const events = transcribe(poolFor(language), audio, maxUtteranceMs, signal, now?.grammar);
      return inItsLanguage(events, options.strictness ?? 0, now?.answers);
    },
    warm: () => main.warm(),
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

/**
 * The words as they are written, with their language and the confidence in it. Where several languages are heard, the
 * threads accept as much as the most lenient of them; `strictness` is that of the others.
 */
async function* inItsLanguage(
  events: AsyncIterable<SttEvent>,
  strictness: number,
  answers: Moment['answers'] = () => false,
): AsyncGenerator<SttEvent> {
  const least = 1 / (1 + Math.exp(-strictness));
  for await (const event of events) {
    const { text, language } = textOf(event.text);
    if (event.type === 'partial') {
      yield { ...event, text, ...(text !== '' && { language }) };
      continue;
    }
    const { rejected, confidence = 0 } = event;
    const nearest = rejected ? textOf(rejected.nearest) : { text, language };
    const own = confidenceIn(nearest.language, rejected?.confidence ?? confidence);
    const sure = answers(nearest.text, nearest.language) ? likelier(own, ANSWER_ODDS) : own;
    if (!rejected && sure >= least) yield { ...event, text, confidence: calibrated(sure), language };
    else {
      const { reason = 'unlike' } = rejected ?? {};
      const shrug = { nearest: nearest.text, confidence: calibrated(sure), reason };
      yield { type: 'final', text: '', rejected: shrug };
    }
  }
}
