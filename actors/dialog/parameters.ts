import type { SessionParameters } from '../../machines/parameters.ts';
import { baseLanguage, normalisedPhrases } from '../../machines/policies/text.ts';
import { REPORTED_ENDS } from '../../machines/wire.ts';
import {
  actionDeadlines,
  allLanguages,
  type Dialog,
  dialogActions,
  dialogIn,
  haltPhrases,
  lastingActions,
  movingActions,
  toldEnds,
} from './dialog.ts';

/** The fillers for a late reply: those of the configuration, or else those of the dialog. */
export function fillersOf(
  { phrases }: Pick<SessionParameters, 'phrases'>,
  dialog: Dialog,
): readonly string[] {
  return phrases.fillers.length > 0 ? phrases.fillers : dialog.fillers;
}

/** A dialog cannot summarise a conversation. */
export function withoutSummaries(history: SessionParameters['history']): SessionParameters['history'] {
  return { ...history, summaryTokens: 0 };
}

/** Adds the session parameters that come from the dialog: stop words, backchannels, fillers, terms of actions. `offered`: the actions that the language engine may request; by default those of the dialog. `models`: whether a language model answers, which can speak about any result, and summarise.
 */
export function withDialog(
  parameters: SessionParameters,
  dialog: Dialog,
  offered: readonly string[] = [...dialogActions(dialog).keys()],
  models = false,
): SessionParameters {
  const { words } = parameters;
  const dialogs = allLanguages(dialog);
  return {
    ...parameters,
    actions: {
      ...parameters.actions,
      offered,
      ...filled({ deadlinesMs: actionDeadlines(dialog), lasting: lastingActions(dialog) }),
      ...filled({ moving: movingActions(dialog) }),
      ...filled({ followUps: { ...toldEnds(dialog), ...(models && { '*': REPORTED_ENDS }) } }),
    },
    ...(!models && { history: withoutSummaries(parameters.history) }),
    phrases: { ...parameters.phrases, fillers: fillersOf(parameters, dialog) },
    languages: languagesOf(parameters, dialog, models),
    words: {
      ...words,
      backchannels: {
        ...words.backchannels,
        ...Object.fromEntries(
          dialogs.map((one) => {
            const base = baseLanguage(one.language);
            return [base, [...(words.backchannels[base] ?? []), ...one.backchannels]];
          }),
        ),
      },
      halt: [...normalisedPhrases([...words.halt, ...haltPhrases(dialog)], dialog.language)],
      wake: [...normalisedPhrases([...words.wake, ...dialogs.flatMap(({ wake }) => wake)], dialog.language)],
    },
  };
}

/**
 * Which languages a turn may be in: with a dialog engine alone those that the dialog has. Their phrases are those of the
 * configuration, else of Parley's tables; the fillers of their dialog go first.
 */
function languagesOf(
  { languages }: Pick<SessionParameters, 'languages'>,
  dialog: Dialog,
  models: boolean,
): SessionParameters['languages'] {
  const phrases = Object.entries(languages.phrases ?? {}).map(([tag, own]) => {
    const fillers = dialogIn(dialog, tag)?.fillers ?? [];
    return [tag, fillers.length > 0 ? { ...own, fillers } : own];
  });
  return {
    ...languages,
    among: models ? languages.among : languages.among.filter((tag) => dialogIn(dialog, tag)),
    phrases: Object.fromEntries(phrases),
  };
}

/** Those of the records that have entries. */
function filled<T extends Readonly<Record<string, object>>>(records: T): Partial<T> {
  const kept = Object.entries(records).filter(([, record]) => Object.keys(record).length > 0);
  return Object.fromEntries(kept) as Partial<T>;
}

/**
 * With a recogniser that reports partial transcripts the first word decides on a barge-in at once. Speech without one makes the
 * reply softer after `firstWordsMs` more, instead of ending it.
 */
export function withRecogniser(parameters: SessionParameters, tellsPartials: boolean): SessionParameters {
  const { bargeIn } = parameters;
  if (!tellsPartials) return parameters;
  return {
    ...parameters,
    partials: true,
    bargeIn: { ...bargeIn, confirmSpeechMs: bargeIn.confirmSpeechMs + bargeIn.firstWordsMs },
  };
}
