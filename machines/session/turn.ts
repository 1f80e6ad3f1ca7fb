/** From words to a turn: what the next reply will answer. */
import type { SessionParameters } from '../parameters.ts';
import { isBackchannel } from '../policies/backchannel.ts';
import { joinText, normaliseWords } from '../policies/text.ts';
import type { SessionContext } from './context.ts';
import { failure, publish, type Reducer, tell } from './effects.ts';

export const takeText: Reducer = (context, event) =>
  event.type === 'text'
    ? {
        patch: {
          pending: {
            text: event.text.trim(),
            counted: false,
            phrase: null,
            failure: null,
            endpointMs: null,
            sttMs: null,
            endedAtMs: context.nowMs,
          },
        },
      }
    : {};

export const dropPending: Reducer = () => ({ patch: { pending: null } });

export const tellStopped: Reducer = () => ({ effects: [tell(failure('SESSION_STOPPED'))] });

/** All the words of the turn in hand: those from before a continuation and those of the utterance. */
export function wordsInHand(context: SessionContext): string {
  return joinText(context.pending?.text ?? '', context.utterance?.final?.text ?? '');
}

/** True once STT has given or owes nothing more. */
export function utteranceSettled(context: SessionContext): boolean {
  return (
    context.utterance !== null && (context.utterance.final !== null || context.utterance.failure !== null)
  );
}

export function spokeMs(context: SessionContext): number {
  const { utterance } = context;
  return utterance ? (utterance.endedAtMs ?? context.nowMs) - utterance.startedAtMs : 0;
}

export function saidEstop(context: SessionContext, parameters: SessionParameters): boolean {
  const words = normaliseWords(wordsInHand(context));
  return words !== '' && parameters.words.estop.includes(words);
}

/** Noise, or a backchannel to nobody: no turn. */
export function saidNothing(context: SessionContext, parameters: SessionParameters): boolean {
  if (!utteranceSettled(context) || context.utterance?.failure) return false;
  return (
    wordsInHand(context) === '' &&
    (spokeMs(context) < parameters.endpointing.notUnderstoodMs || parameters.phrases.notUnderstood === '')
  );
}

/** Whether these words, spoken during a reply, mean to interrupt it. */
export function interrupts(text: string, context: SessionContext, parameters: SessionParameters): boolean {
  return (
    normaliseWords(text) !== '' && !isBackchannel(text, context.input.language, parameters.words.backchannels)
  );
}

/** The utterance becomes the turn that waits for its reply. */
export function takeUtterance(parameters: SessionParameters): Reducer {
  return (context) => {
    const { utterance, pending } = context;
    if (!utterance) return {};
    const text = wordsInHand(context);
    const counted = pending?.counted ?? false;
    const decidedAtMs = utterance.decidedAtMs ?? context.nowMs;
    const endedAtMs = utterance.endedAtMs ?? decidedAtMs;
    const failed = text === '' ? utterance.failure : null;
    const phrase = failed
      ? parameters.phrases.sttFailed
      : text === ''
        ? parameters.phrases.notUnderstood
        : null;
    return {
      patch: {
        utterance: null,
        pending: {
          text,
          counted,
          phrase,
          failure: failed,
          endpointMs: decidedAtMs - endedAtMs,
          sttMs: context.nowMs - decidedAtMs,
          endedAtMs,
        },
      },
      effects: [
        { type: 'stt.stop' },
        publish({
          type: 'transcript',
          turn: counted ? context.turn : context.turn + 1,
          text,
          final: true,
          ...(utterance.final?.language === undefined ? {} : { language: utterance.final.language }),
          ...(utterance.final?.confidence === undefined ? {} : { confidence: utterance.final.confidence }),
        }),
        ...(utterance.failure ? [tell(utterance.failure)] : []),
      ],
    };
  };
}
