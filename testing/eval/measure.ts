import { type Dialog, matchDialog } from '../../actors/dialog/mod.ts';
import type { Happened, Held } from './converse.ts';
import { kindOf, type StepKind, saidIn } from './scenario.ts';

/** Length of a tick of τ-voice, ms: a party speaks in a tick if it speaks anywhere in it. */
const TICK_MS = 200;
/** A robot that speaks for longer after a person has begun does not yield, ms (τ-voice and Parley). */
const YIELD_WITHIN_MS = 2_000;
/** τ-voice: silence of the robot within this of a sound that is not for it is an error, ms. */
const KEPT_FOR_MS = 1_000;
/** τ-voice: so is an answer to such a sound within this, ms. */
const ANSWERED_WITHIN_MS = 2_000;
/** What the robot does within this of the end of its own reply may come of its own voice, ms. */
const ECHO_MS = 1_500;

/** Parts of a whole. */
export interface Rate {
  readonly part: number;
  readonly of: number;
}

/** How one step went. */
export interface StepResult {
  readonly kind: StepKind;
  readonly said: string;
  readonly voice: string;
  readonly atMs: number;
  /** False: it could not happen, because no reply sounded. It counts for nothing. */
  readonly counted: boolean;
  /** By Parley's definition. */
  readonly ok: boolean;
  readonly understood?: 'right' | 'wrong' | 'nothing';
  readonly heard?: string;
  /** End of speech to the first sound of the answer, ms. */
  readonly responseMs?: number;
  /** Begin of speech to the last sound of the interrupted reply, ms. */
  readonly yieldMs?: number;
  /** End of the stop word to silence, ms. */
  readonly stopMs?: number;
  /** Silence put into a reply that went on, ms. */
  readonly gapMs?: number;
  /** The same by the definitions of τ-voice. */
  readonly tau?: { readonly ok: boolean; readonly responseMs?: number; readonly yieldMs?: number };
}

export interface Latency {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly meanMs: number;
}

/** Results of a scenario, or of all. */
export interface Evaluation {
  readonly name: string;
  readonly conversations: number;
  readonly virtualMs: number;
  readonly answered: Rate;
  readonly understood: { readonly right: number; readonly wrong: number; readonly nothing: number };
  readonly response: Latency;
  readonly yielded: Rate;
  readonly yield: Latency;
  readonly backchannelsKept: Rate;
  readonly asidesIgnored: Rate;
  readonly noisesIgnored: Rate;
  readonly ownVoiceIgnored: Rate;
  readonly stops: Rate;
  readonly stop: Latency;
  readonly falseStops: number;
  /** Replies that began without speech for the robot. */
  readonly falseTurns: number;
  /** Times that it woke without speech for it. */
  readonly falseWakes: number;
  /** Replies that went on after a pause, and the pause. */
  readonly gaps: Latency;
  readonly tau: {
    readonly answered: Rate;
    readonly response: Latency;
    readonly yielded: Rate;
    readonly yield: Latency;
    readonly backchannelsKept: Rate;
    readonly asidesIgnored: Rate;
    readonly noisesIgnored: Rate;
  };
  /** Steps that could not happen. */
  readonly skipped: number;
  readonly defects: readonly string[];
  readonly steps: readonly StepResult[];
}

/** Measures one conversation. */
export function measured(name: string, held: Held, dialog: Dialog): Evaluation {
  const steps = held.steps.map((one) => resultOf(one, held, dialog));
  const ignored = held.steps.filter((one) => !['order', 'bargeIn', 'stop'].includes(kindOf(one.step)));
  const falseStops = held.steps.filter(
    (one) => kindOf(one.step) !== 'stop' && stoppedIn(held, one) !== undefined,
  ).length;
  return evaluationOf(name, {
    conversations: 1,
    virtualMs: held.virtualMs,
    ownVoiceIgnored: ownVoice(held),
    falseStops,
    falseTurns: ignored.reduce((sum, one) => sum + answersIn(held, one).length, 0),
    falseWakes: ignored.reduce((sum, one) => sum + wakesIn(held, one), 0),
    defects: held.defects,
    steps,
  });
}

/** Adds up. */
export function summed(name: string, parts: readonly Evaluation[]): Evaluation {
  const sum = (value: (part: Evaluation) => number) => parts.reduce((all, part) => all + value(part), 0);
  return evaluationOf(name, {
    conversations: sum((part) => part.conversations),
    virtualMs: sum((part) => part.virtualMs),
    ownVoiceIgnored: {
      part: sum((one) => one.ownVoiceIgnored.part),
      of: sum((one) => one.ownVoiceIgnored.of),
    },
    falseStops: sum((part) => part.falseStops),
    falseTurns: sum((part) => part.falseTurns),
    falseWakes: sum((part) => part.falseWakes),
    defects: parts.flatMap((part) => part.defects),
    steps: parts.flatMap((part) => part.steps),
  });
}

type Counted = Pick<
  Evaluation,
  | 'conversations'
  | 'virtualMs'
  | 'ownVoiceIgnored'
  | 'falseStops'
  | 'falseTurns'
  | 'falseWakes'
  | 'defects'
  | 'steps'
>;

function evaluationOf(name: string, counted: Counted): Evaluation {
  const all = counted.steps.filter((step) => step.counted);
  const of = (...kinds: readonly StepKind[]) => all.filter(({ kind }) => kinds.includes(kind));
  const rate = (...kinds: readonly StepKind[]): Rate => ({
    part: of(...kinds).filter(({ ok }) => ok).length,
    of: of(...kinds).length,
  });
  const tauRate = (...kinds: readonly StepKind[]): Rate => ({
    part: of(...kinds).filter(({ tau }) => tau?.ok).length,
    of: of(...kinds).length,
  });
  const turns = of('order', 'bargeIn');
  const understood = (what: StepResult['understood']) =>
    turns.filter((step) => step.understood === what).length;
  const answered = (values: readonly (number | undefined)[]): Rate => ({
    part: values.filter((value) => value !== undefined).length,
    of: turns.length,
  });
  const responses = turns.map(({ responseMs }) => responseMs);
  const tauResponses = turns.map(({ tau }) => tau?.responseMs);
  return {
    name,
    ...counted,
    answered: answered(responses),
    understood: { right: understood('right'), wrong: understood('wrong'), nothing: understood('nothing') },
    response: latencyOf(responses),
    yielded: rate('bargeIn'),
    yield: latencyOf(of('bargeIn').map(({ yieldMs }) => yieldMs)),
    backchannelsKept: rate('backchannel'),
    asidesIgnored: rate('aside', 'chatter'),
    noisesIgnored: rate('noise'),
    stops: rate('stop'),
    stop: latencyOf(of('stop').map(({ stopMs }) => stopMs)),
    gaps: latencyOf(all.map(({ gapMs }) => gapMs)),
    tau: {
      answered: answered(tauResponses),
      response: latencyOf(tauResponses),
      yielded: tauRate('bargeIn'),
      yield: latencyOf(of('bargeIn').map(({ tau }) => tau?.yieldMs)),
      backchannelsKept: tauRate('backchannel'),
      asidesIgnored: tauRate('aside', 'chatter'),
      noisesIgnored: tauRate('noise'),
    },
    skipped: counted.steps.length - all.length,
  };
}

/** Median, 95th percentile and mean of the values that are there, in whole ms. */
export function latencyOf(values: readonly (number | undefined)[]): Latency {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
  const mean = sorted.reduce((sum, one) => sum + one, 0) / Math.max(1, sorted.length);
  return { count: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95), meanMs: Math.round(mean) };
}

function resultOf(one: Happened, held: Held, dialog: Dialog): StepResult {
  const { step, voice, fromMs, toMs, over } = one;
  const kind = kindOf(step);
  const base = {
    kind,
    said: saidIn(step),
    voice,
    atMs: Math.round(fromMs),
    counted: step.over === undefined || over !== undefined,
  };
  switch (kind) {
    case 'order':
    case 'bargeIn': {
      const heard = firstWords(held, one);
      const understood = verdictOn(dialog, step.expect ?? base.said, heard);
      const response = held.sounding.find(
        (sound) => sound.fromMs > toMs && sound.fromMs < one.untilMs && sound.generation !== over,
      );
      const turn = { ...base, understood, heard, ...(response && { responseMs: response.fromMs - toMs }) };
      const tauResponse = response && tick(response.fromMs) - tick(toMs) - 1;
      const tauTurn = tauResponse === undefined ? {} : { responseMs: Math.max(0, tauResponse) * TICK_MS };
      if (kind === 'order')
        return { ...turn, ok: understood === 'right', tau: { ok: response !== undefined, ...tauTurn } };
      const lastMs = lastOf(held, over);
      const gone = endOf(held, over) === 'interrupted' && lastMs - fromMs <= YIELD_WITHIN_MS;
      const silent = silentTick(held, fromMs, YIELD_WITHIN_MS);
      return {
        ...turn,
        ok: gone,
        ...(gone && { yieldMs: lastMs - fromMs }),
        tau: {
          ok: silent !== undefined,
          ...tauTurn,
          ...(silent !== undefined && { yieldMs: (silent - tick(fromMs)) * TICK_MS }),
        },
      };
    }
    case 'backchannel':
    case 'aside':
    case 'chatter':
    case 'noise': {
      const answer = answersIn(held, one).length > 0;
      if (over === undefined)
        return {
          ...base,
          ok: !answer,
          tau: {
            ok: !held.sounding.some(
              (sound) => sound.fromMs > fromMs && sound.fromMs < fromMs + ANSWERED_WITHIN_MS,
            ),
          },
        };
      const gapMs = gapsOf(held, over, fromMs);
      const kept = !wasInterrupted(held, over) && !answer;
      return {
        ...base,
        ok: kept,
        ...(kept && gapMs > 0 && { gapMs }),
        tau: { ok: silentTick(held, fromMs, KEPT_FOR_MS) === undefined },
      };
    }
    case 'stop': {
      const stopped = stoppedIn(held, one);
      const lastMs = held.sounding.findLast((sound) => sound.fromMs < (stopped ?? 0))?.toMs ?? toMs;
      return {
        ...base,
        ok: stopped !== undefined,
        ...(stopped !== undefined && over !== undefined && { stopMs: Math.max(0, lastMs - toMs) }),
      };
    }
    case 'listen':
    case 'quiet':
      return { ...base, ok: answersIn(held, one).length === 0 };
  }
}

/** The words of the turn that a step led to; empty without any. */
function firstWords({ messages }: Held, { fromMs, untilMs }: Happened): string {
  for (const { atMs, message } of messages)
    if (
      message.type === 'transcript' &&
      message.final &&
      message.text !== '' &&
      atMs > fromMs &&
      atMs < untilMs
    )
      return message.text;
  return '';
}

function verdictOn(dialog: Dialog, said: string, heard: string): NonNullable<StepResult['understood']> {
  if (heard === '') return 'nothing';
  const [meant, got] = [said, heard].map((text) => matchDialog(dialog, text));
  const same = meant
    ? meant.entry.id === got?.entry.id && JSON.stringify(meant.slots) === JSON.stringify(got.slots)
    : said === heard;
  return same ? 'right' : 'wrong';
}

function wasInterrupted(held: Held, generation: number): boolean {
  const end = held.messages.find(
    ({ message }) => message.type === 'reply.end' && message.generation === generation,
  );
  // What the evaluation cut short counts as heard to its end.
  const cut = end && held.cuts.some((cutMs) => Math.abs(cutMs - end.atMs) < 1);
  return endOf(held, generation) === 'interrupted' && !cut;
}

function endOf({ messages }: Held, generation: number | undefined): string | undefined {
  for (const { message } of messages)
    if (message.type === 'reply.end' && message.generation === generation) return message.reason;
  return undefined;
}

function lastOf({ sounding }: Held, generation: number | undefined): number {
  return sounding.findLast((sound) => sound.generation === generation)?.toMs ?? 0;
}

/** Replies that began to sound during a step without a request in writing. */
function answersIn(held: Held, { fromMs, untilMs, over }: Happened): readonly number[] {
  const begun = held.sounding
    .filter((sound) => sound.fromMs > fromMs && sound.fromMs < untilMs)
    .map(({ generation }) => generation);
  const asked = held.asked.flatMap(
    (askedMs) => held.sounding.find((sound) => sound.fromMs > askedMs)?.generation ?? [],
  );
  return [...new Set(begun)].filter((generation) => generation !== over && !asked.includes(generation));
}

/** How often the robot woke during a step, but for questions in writing. */
function wakesIn({ messages, asked }: Held, { fromMs, untilMs }: Happened): number {
  let asleep = false;
  let wakes = 0;
  for (const { atMs, message } of messages) {
    if (message.type !== 'attention') continue;
    if (asleep && message.state === 'awake' && atMs > fromMs && atMs < untilMs && !asked.includes(atMs))
      wakes += 1;
    asleep = message.state === 'asleep';
  }
  return wakes;
}

/** Silence within a reply after `fromMs`, ms. */
function gapsOf({ sounding }: Held, generation: number, fromMs: number): number {
  const parts = sounding.filter((sound) => sound.generation === generation && sound.toMs > fromMs);
  return parts.slice(1).reduce((sum, part, i) => sum + part.fromMs - (parts[i]?.toMs ?? part.fromMs), 0);
}

function stoppedIn({ messages }: Held, { fromMs, untilMs }: Happened): number | undefined {
  return messages.find(
    ({ atMs, message }) =>
      message.type === 'state' && message.value === 'stopped' && atMs > fromMs && atMs < untilMs,
  )?.atMs;
}

function tick(ms: number): number {
  return Math.floor(ms / TICK_MS);
}

/** The first tick from `fromMs` on, within `withinMs`, in which the robot is silent. */
function silentTick({ sounding }: Held, fromMs: number, withinMs: number): number | undefined {
  for (let at = tick(fromMs); at * TICK_MS <= fromMs + withinMs; at++)
    if (!sounding.some((sound) => sound.fromMs < (at + 1) * TICK_MS && sound.toMs > at * TICK_MS)) return at;
  return undefined;
}

/** Of the replies during which no other person was heard: those that the robot's own voice neither interrupted nor answered. */
function ownVoice(held: Held): Rate {
  const audible = held.steps.filter(({ step }) => step.listen === undefined && step.quiet === undefined);
  const generations = [...new Set(held.sounding.map(({ generation }) => generation))];
  const alone = generations.flatMap((generation) => {
    const fromMs = held.sounding.find((sound) => sound.generation === generation)?.fromMs ?? 0;
    const toMs = lastOf(held, generation);
    const others = audible.some((one) => one.fromMs < toMs && one.toMs > fromMs);
    return others ? [] : { generation, fromMs, toMs };
  });
  const asked = (fromMs: number, toMs: number) => held.asked.some((ms) => ms > fromMs && ms < toMs);
  const ignored = alone.filter(({ generation, fromMs, toMs }) => {
    const next = held.sounding.find((sound) => sound.fromMs > fromMs && sound.generation > generation);
    const sounds = audible.some((one) => one.fromMs > fromMs && one.fromMs < (next?.fromMs ?? 0));
    const itself = next && next.fromMs < toMs + ECHO_MS && !sounds && !asked(fromMs, next.fromMs);
    return !wasInterrupted(held, generation) && !itself;
  });
  return { part: ignored.length, of: alone.length };
}
