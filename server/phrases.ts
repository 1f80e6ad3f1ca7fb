import { type Dialog, fillersOf, placeholdersIn, withDialog } from '../actors/dialog/mod.ts';
import { realClock } from '../adapters/real-clock.ts';
import type { CachedTts } from '../adapters/tts/phrase-cache-tts.ts';
import type { Clock } from '../machines/clock.ts';
import type { SessionParameters } from '../machines/parameters.ts';
import { readAloud } from '../machines/policies/reading/mod.ts';
import { cutSegments } from '../machines/policies/segmenter.ts';
import { baseLanguage } from '../machines/policies/text.ts';
import type { Config } from './config/schema.ts';

export interface PhraseProgress {
  /** Synthesised now, or cached before. */
  readonly ready: number;
  readonly made: number;
  /** Phrases that the engine failed to synthesise. */
  readonly failed: number;
  readonly total: number;
}

/** Synthesises the fixed phrases in the background, one at a time; resolves when done. Never rejects. While `busy` returns true, it waits up to a second before each phrase.
 */
export type PreparePhrases = (
  onProgress?: (progress: PhraseProgress) => void,
  busy?: () => boolean,
) => Promise<void>;

/** Maximum wait for a busy engine before each phrase, so that the preparation always finishes. */
const YIELD_MS = 1_000;
const LOOK_AGAIN_MS = 50;

/** All phrases with a fixed text, as the segments that are requested: Parley's own phrases, the greeting, and the replies of the dialog without slots. Fillers come first and are not segmented: a filler is only used if it is cached whole.
 */
export function fixedPhrases(
  dialog: Dialog,
  parameters: SessionParameters,
  language: string,
): readonly string[] {
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
    ...fillers.map((text) => readAloud(text, language, parameters.reading).text),
    ...fixed.flatMap((text) => segmentsOf(text, parameters, language)),
  ];
  return [...new Set(spoken)].filter((text) => text !== '');
}

/**
 * Parley's own phrases in the languages that a session may change to. A filler is only used if it is ready, so these are
 * made in advance too; replies are not.
 */
export function phrasesOfOthers(
  parameters: SessionParameters,
  dialog: Dialog,
): readonly { readonly text: string; readonly language: string }[] {
  const { among, phrases = {} } = withDialog(parameters, dialog).languages;
  const tags = new Set(among.map(baseLanguage));
  return Object.entries(phrases).flatMap(([language, { fillers, ...own }]) => {
    if (!tags.has(language)) return [];
    const fixed = Object.values(own).filter(
      (text) => text.trim() !== '' && placeholdersIn(text).length === 0,
    );
    const spoken = [
      ...(parameters.reply.fillerAfterMs > 0
        ? fillers.map((text) => readAloud(text, language, parameters.reading).text)
        : []),
      ...fixed.flatMap((text) => segmentsOf(text, parameters, language)),
    ];
    return spoken.map((text) => ({ text, language }));
  });
}

function segmentsOf(text: string, parameters: SessionParameters, language: string): string[] {
  const { lengths } = cutSegments(text, { segment: 0, final: true }, parameters.reply);
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return readAloud(text.slice(at - length, at), language, parameters.reading).text;
  });
}

/** Prepares the fixed phrases with `tts` in the server's default language and voice. */
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
    const texts = [
      ...fixedPhrases(dialog, config, language).map((text) => ({ text, language, voice })),
      ...phrasesOfOthers(config, dialog).map((one) => ({
        ...one,
        voice: config.byLanguage[one.language]?.voice,
      })),
    ];
    let made = 0;
    let ready = 0;
    let failed = 0;
    for (const { text, language, voice } of texts) {
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
      // The engine is unavailable: do not try the rest.
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
