import { pause, throwIfAborted } from '../../../actors/cancellation.ts';
import {
  type Dialog,
  type DialogAction,
  type Filling,
  fillPlaceholders,
  matchDialog,
  type Slots,
  solePlaceholder,
} from '../../../actors/dialog/mod.ts';
import type { LlmEngine, LlmEvent, LlmRequest } from '../../../actors/ports/llm.ts';
import type { Clock } from '../../../machines/clock.ts';
import type { Json, JsonObject } from '../../../machines/json.ts';
import { HALT_ACTION } from '../../../machines/session/halt/halt.ts';
import { realClock } from '../../real-clock.ts';

export interface DialogLlmOptions {
  readonly dialog: Dialog;
  /** Clock for `{time}`, `{date}` and `{day}`. Default: the computer's. */
  readonly wallClock?: () => Date;
  /** IANA name, such as `Europe/Berlin`. Default: the computer's. */
  readonly timeZone?: string;
  /** Time between two words, in ms, to try a slow engine. Default 0: whole sentences without delay. */
  readonly deltaDelayMs?: number;
  /** Clock for the delays. Default: real time. */
  readonly clock?: Pick<Clock, 'setTimer'>;
}

/** A language engine that answers from a dialog file, without key or network. The same seed gives the same answer. */
export function dialogLlm(options: DialogLlmOptions): LlmEngine {
  const { dialog, deltaDelayMs = 0, clock = realClock } = options;
  const wallClock = options.wallClock ?? (() => new Date());
  const plurals = new Intl.PluralRules(dialog.language);

  async function* reply(request: LlmRequest, signal: AbortSignal): AsyncGenerator<LlmEvent> {
    throwIfAborted(signal);
    const match = matchDialog(
      dialog,
      request.messages.findLast(({ role }) => role === 'user')?.content ?? '',
    );
    if (match?.entry.halt) {
      yield { type: 'action', id: 'halt', name: HALT_ACTION, args: {} };
      return;
    }
    const slots = match?.slots ?? {};
    for (const [index, action] of (match?.entry.actions ?? []).entries()) {
      yield {
        type: 'action',
        id: `action-${index + 1}`,
        name: action.name,
        args: filledArgs(action, fillingOf(slots), slots),
      };
      throwIfAborted(signal);
    }

    const variants = match ? match.entry.replies : dialog.notUnderstood;
    const variant = variants[(request.seed >>> 0) % Math.max(1, variants.length)];
    if (variant === undefined) return;
    const text = fillPlaceholders(variant, {
      ...fillingOf(slots),
      text: (name) => slotText(slots, name) ?? ownValue(name),
    });
    const pieces = deltaDelayMs > 0 ? wordsOf(text) : sentencesOf(text);
    for (const [index, piece] of pieces.entries()) {
      if (index > 0 && deltaDelayMs > 0) await pause(clock, deltaDelayMs, signal);
      throwIfAborted(signal);
      yield { type: 'delta', text: piece };
    }
    throwIfAborted(signal);
  }

  function fillingOf(slots: Slots): Filling {
    return {
      text: (name) => slotText(slots, name),
      isOne: (name) => {
        const value = Object.hasOwn(slots, name) ? slots[name]?.value : undefined;
        return typeof value === 'number' ? plurals.select(value) === 'one' : undefined;
      },
    };
  }

  function ownValue(name: string): string | undefined {
    const zone = options.timeZone === undefined ? {} : { timeZone: options.timeZone };
    const say = (format: Intl.DateTimeFormatOptions) =>
      new Intl.DateTimeFormat(dialog.language, { ...format, ...zone }).format(wallClock());
    switch (name) {
      case 'name':
        return dialog.name;
      case 'time':
        return say({ hour: 'numeric', minute: '2-digit' });
      case 'date':
        return say({ year: 'numeric', month: 'long', day: 'numeric' });
      case 'day':
        return say({ weekday: 'long' });
      default:
        return undefined;
    }
  }

  return { name: 'dialog', reply, close: async () => {} };
}

function slotText(slots: Slots, name: string): string | undefined {
  return Object.hasOwn(slots, name) ? slots[name]?.words.join(' ') : undefined;
}

/** Sentences with the space that follows them. Smaller pieces would have no benefit. */
function sentencesOf(text: string): readonly string[] {
  return text.match(/[^.!?。！？]*(?:[.!?。！？]+\s*|$)/gu)?.filter((sentence) => sentence !== '') ?? [];
}

/** Words with the space that follows them; single characters in a script without spaces. */
function wordsOf(text: string): readonly string[] {
  return (
    text.match(
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]\p{P}*\s*|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+\s*/gu,
    ) ?? []
  );
}

function filledArgs(action: DialogAction, filling: Filling, slots: Slots): JsonObject {
  const fill = (value: Json): Json => {
    if (typeof value === 'string') {
      const sole = solePlaceholder(value);
      const slot = sole !== undefined && Object.hasOwn(slots, sole) ? slots[sole] : undefined;
      return slot ? slot.value : fillPlaceholders(value, filling);
    }
    if (isList(value)) return value.map(fill);
    if (typeof value === 'object' && value !== null) return fillObject(value);
    return value;
  };
  const fillObject = (object: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries(object).map(([key, value]) => [key, fill(value)]));
  return fillObject(action.args);
}

/** A type guard, because `Array.isArray` does not narrow readonly arrays. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
