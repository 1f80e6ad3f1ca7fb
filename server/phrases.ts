import { type Dialog, placeholdersIn } from '../actors/dialog/mod.ts';
import { realClock } from '../adapters/real-clock.ts';
import type { CachedTts } from '../adapters/tts/phrase-cache-tts.ts';
import type { Clock } from '../machines/clock.ts';
import type { SessionParameters } from '../machines/parameters.ts';
import { cutSegments } from '../machines/policies/segmenter.ts';
import { speechText } from '../machines/policies/speech-text.ts';
import type { Config } from './config/schema.ts';
import { fillersOf } from './session-parameters.ts';

export interface PhraseProgress {
  /** Made now, or kept from before. */
  readonly ready: number;
  readonly made: number;
  /** That the engine failed to say. */
  readonly failed: number;
  readonly total: number;
}

/**
 * Makes the fixed phrases ahead, one at a time, in the background; resolves when that is over. Never rejects. While `busy`
 * says that somebody is being served, it waits before each, though no more than a second.
 */
export type PreparePhrases = (
  onProgress?: (progress: PhraseProgress) => void,
  busy?: () => boolean,
) => Promise<void>;

/** An engine that is always busy must not keep the phrases from being made for ever. */
const YIELD_MS = 1_000;
const LOOK_AGAIN_MS = 50;

/**
 * What will be said word for word, as the segments that are asked for: Parley's own phrases, the greeting, and the
 * replies of the dialog that nothing is filled into. Fillers come first and whole: they are asked for as they are, and
 * only if they were made ahead.
 */
export function fixedPhrases(dialog: Dialog, parameters: SessionParameters): readonly string[] {
  const replies = dialog.entries.flatMap((entry) => entry.replies);
  const { fillers: _whole, ...own } = parameters.phrases;
  const texts = [
    ...Object.values(own),
    ...(dialog.greeting === undefined ? [] : [dialog.greeting]),
    ...dialog.notUnderstood,
    ...replies,
  ];
  const fixed = texts.filter((text) => text.trim() !== '' && placeholdersIn(text).length === 0);
  const fillers = parameters.reply.fillerAfterMs > 0 ? fillersOf(parameters, dialog) : [];
  const spoken = [
    ...fillers.map((text) => speechText(text).text),
    ...fixed.flatMap((text) => segmentsOf(text, parameters)),
  ];
  return [...new Set(spoken)].filter((text) => text !== '');
}

function segmentsOf(text: string, parameters: SessionParameters): string[] {
  const { lengths } = cutSegments(text, { segment: 0, final: true }, parameters.reply);
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return speechText(text.slice(at - length, at)).text;
  });
}

/** Has `tts` make the fixed phrases in the server's own language and voice. */
export function phrasePreparer(
  tts: CachedTts,
  config: Config,
  dialog: Dialog,
  clock: Clock = realClock,
): { readonly prepare: PreparePhrases; stop(): Promise<void> } {
  const stopped = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const { language, voice } = config;

  const makeWay = async (busy: () => boolean) => {
    for (let waitedMs = 0; waitedMs < YIELD_MS && busy(); waitedMs += LOOK_AGAIN_MS) {
      if (stopped.signal.aborted) return;
      await new Promise<void>((resolve) => {
        clock.setTimer(LOOK_AGAIN_MS, resolve);
      });
    }
  };
  const prepareAll = async (onProgress: (progress: PhraseProgress) => void, busy: () => boolean) => {
    const texts = fixedPhrases(dialog, config);
    let made = 0;
    let ready = 0;
    let failed = 0;
    for (const text of texts) {
      await makeWay(busy);
      if (stopped.signal.aborted) return;
      try {
        const request = { text, language, ...(voice === undefined ? {} : { voice }) };
        if (await tts.prepare(request, stopped.signal)) made++;
        ready++;
      } catch {
        failed++;
      }
      onProgress({ ready, made, failed, total: texts.length });
      // An engine that is not there is not asked for all of it.
      if (failed > 2 && ready === 0) return;
    }
  };
  return {
    prepare: (onProgress = () => {}, busy = () => false) => {
      running = prepareAll(onProgress, busy);
      return running;
    },
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
}
