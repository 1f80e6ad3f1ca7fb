import { pause, throwIfAborted } from '../../../actors/cancellation.ts';
import {
  allLanguages,
  type CalendarDay,
  countsIn,
  type Dialog,
  type DialogAction,
  dialogIn,
  type Filling,
  fillPlaceholders,
  isForAnybody,
  isOfUser,
  isoDate,
  matchDialog,
  ofUser,
  placeholdersIn,
  type Slots,
  type SlotValue,
  solePlaceholder,
  tellsOf,
  withoutOptional,
} from '../../../actors/dialog/mod.ts';
import type { LlmEngine, LlmEvent, LlmRequest } from '../../../actors/ports/llm.ts';
import type { Clock } from '../../../machines/clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { Json, JsonObject } from '../../../machines/json.ts';
import { baseLanguage } from '../../../machines/policies/text.ts';
import { HALT_ACTION } from '../../../machines/session/halt/halt.ts';
import { profileIn } from '../../../machines/session/memory/known.ts';
import type { ActionOutcome } from '../../../machines/session/model.ts';
import { REPORTED_ENDS } from '../../../machines/wire.ts';
import { Calls } from '../../http/calls.ts';
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

/**
 * A language engine that answers from a dialog file, without key or network, in the language of the request if the
 * dialog has it. The same seed gives the same answer.
 */
export function dialogLlm(options: DialogLlmOptions): LlmEngine {
  const { dialog } = options;
  const dialogs = allLanguages(dialog);
  const own = answerer(options);
  const answers = new Map(dialogs.slice(1).map((one) => [one, answerer({ ...options, dialog: one })]));
  // Nothing of it waits in a queue or for a server, so that it can answer everybody.
  const calls = new Calls(
    (thrown) =>
      thrown instanceof ParleyError ? thrown : new ParleyError('LLM_FAILED', undefined, { cause: thrown }),
    Number.POSITIVE_INFINITY,
  );
  return {
    name: 'dialog',
    reply(request, signal) {
      const asked = dialogIn(dialog, request.language);
      const answer = (asked && answers.get(asked)) ?? own;
      return calls.stream(signal, (call) => answer(request, call.signal));
    },
    close: async () => calls.close(),
  };
}

/** Answers from one dialog file. */
function answerer(options: DialogLlmOptions): LlmEngine['reply'] {
  const { dialog, deltaDelayMs = 0, clock = realClock } = options;
  const wallClock = options.wallClock ?? (() => new Date());
  const plurals = new Intl.PluralRules(dialog.language);

  async function* reply(request: LlmRequest, signal: AbortSignal): AsyncGenerator<LlmEvent> {
    throwIfAborted(signal);
    if (request.results) {
      const reports = request.results.flatMap((result) => reportOf(result) ?? []);
      yield* spoken(reports.join(' '), signal);
      return;
    }
    const match = matchDialog(
      dialog,
      request.messages.findLast(({ role }) => role === 'user')?.content ?? '',
    );
    if (match?.entry.halt) {
      yield { type: 'action', id: 'halt', name: HALT_ACTION, args: {} };
      return;
    }
    const slots = match?.slots ?? {};
    const slotValue = (slot: string) => (Object.hasOwn(slots, slot) ? jsonOf(slots[slot]?.value) : undefined);
    for (const [index, action] of (match?.entry.actions ?? []).entries()) {
      yield {
        type: 'action',
        id: `action-${index + 1}`,
        name: action.name,
        args: filledArgs(action, fillingOf(slots), slotValue),
      };
      throwIfAborted(signal);
    }

    const profile = profileIn(request.messages);
    const variants = match ? repliesFor(match.entry.replies, profile) : dialog.notUnderstood;
    const variant = variants[(request.seed >>> 0) % Math.max(1, variants.length)];
    if (variant === undefined) return;
    const text = fillPlaceholders(variant, {
      ...fillingOf(slots),
      text: (name) => slotText(slots, name) ?? ofUser(name, profile) ?? ownValue(name),
    });
    yield* spoken(baseLanguage(dialog.language) === 'zh' ? withQuantityOfTwo(text) : text, signal);
  }

  async function* spoken(text: string, signal: AbortSignal): AsyncGenerator<LlmEvent> {
    const pieces = deltaDelayMs > 0 ? wordsOf(text) : sentencesOf(text);
    for (const [index, piece] of pieces.entries()) {
      if (index > 0 && deltaDelayMs > 0) await pause(clock, deltaDelayMs, signal);
      throwIfAborted(signal);
      yield { type: 'delta', text: piece };
    }
    throwIfAborted(signal);
  }

  /** The first text about a result whose placeholders all have a value. */
  function reportOf({ name, args, result }: ActionOutcome): string | undefined {
    const end = REPORTED_ENDS.find((one) => one === result.status);
    const { message, data } = result;
    const values: JsonObject = {
      ...args,
      ...(isObject(data) ? data : {}),
      ...(message !== undefined && { message }),
    };
    const value = (slot: string) => (Object.hasOwn(values, slot) ? values[slot] : undefined);
    const filling: Filling = {
      text: (slot) => ownValue(slot) ?? scalarText(value(slot)),
      isOne: (slot) => isOne(value(slot)),
    };
    const variant = (end ? tellsOf(dialog, name, end) : []).find(
      (text) =>
        placeholdersIn(text).every((slot) => filling.text(slot) !== undefined) &&
        countsIn(text).every((slot) => filling.isOne(slot) !== undefined),
    );
    return variant === undefined ? undefined : fillPlaceholders(variant, filling);
  }

  function isOne(value: Json | undefined): boolean | undefined {
    return typeof value === 'number' ? plurals.select(value) === 'one' : undefined;
  }

  function fillingOf(slots: Slots): Filling {
    return {
      text: (name) => slotText(slots, name),
      isOne: (name) => isOne(Object.hasOwn(slots, name) ? slots[name]?.value : undefined),
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

  /** A day becomes an ISO date, such as `2026-05-03`. */
  function jsonOf(value: SlotValue | undefined): Json | undefined {
    if (isValueList(value)) return value.flatMap((one) => jsonOf(one) ?? []);
    return typeof value === 'object' ? isoDate(value, today()) : value;
  }

  function today(): CalendarDay {
    const zone = options.timeZone === undefined ? {} : { timeZone: options.timeZone };
    const parts = new Intl.DateTimeFormat('en-US', { ...zone, calendar: 'iso8601', dateStyle: 'short' })
      .formatToParts(wallClock())
      .map(({ type, value }) => [type, Number(value)] as const);
    const { year = 0, month = 0, day = 0 } = Object.fromEntries(parts);
    return { year, month, day };
  }

  return reply;
}

/** A value that can be spoken. */
function scalarText(value: Json | undefined): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function slotText(slots: Slots, name: string): string | undefined {
  const words = Object.hasOwn(slots, name) ? slots[name]?.words : undefined;
  return words && unspaced(words.join(' '));
}

/** In Chinese two of something is 两, not the digit 二 that words in normal form have. */
function withQuantityOfTwo(text: string): string {
  return text.replace(
    /(?<![第零一二三四五六七八九十百千万])二(?=[米个只杯次遍步块片张份位条把天周斤点]|公[里斤分]|厘米|毫米|小时|分钟|秒)/gu,
    '两',
  );
}

/** Without the spaces between Chinese, Japanese or Korean characters, which words in normal form have. */
function unspaced(text: string): string {
  return text.replace(
    /(?<=[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー]) (?=[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー])/gu,
    '',
  );
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

/** An argument in brackets whose slot was not said is left out. */
function filledArgs(
  action: DialogAction,
  filling: Filling,
  slotValue: (slot: string) => Json | undefined,
): JsonObject {
  const fill = (value: Json): Json | undefined => {
    if (typeof value === 'string') {
      const sole = solePlaceholder(value);
      const known = sole && slotValue(sole.name);
      return known === undefined && !sole?.optional ? fillPlaceholders(value, filling) : known;
    }
    if (isList(value)) return value.flatMap((one) => fill(one) ?? []);
    if (typeof value === 'object' && value !== null) return fillObject(value);
    return value;
  };
  const fillObject = (object: JsonObject): JsonObject =>
    Object.fromEntries(
      Object.entries(object).flatMap(([key, value]) => {
        const filled = fill(value);
        return filled === undefined ? [] : [[key, filled]];
      }),
    );
  return fillObject(action.args);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A type guard, because `Array.isArray` does not narrow readonly arrays. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isValueList(value: SlotValue | undefined): value is readonly SlotValue[] {
  return Array.isArray(value);
}

/** Replies that use what is known of the user, if there are any; else those for every user. */
function repliesFor(
  replies: readonly string[],
  profile: Readonly<Record<string, string>>,
): readonly string[] {
  const personal = replies.filter((reply) => {
    const wanted = placeholdersIn(withoutOptional(reply)).filter(isOfUser);
    return wanted.length > 0 && wanted.every((name) => ofUser(name, profile) !== undefined);
  });
  return personal.length > 0 ? personal : replies.filter(isForAnybody);
}
