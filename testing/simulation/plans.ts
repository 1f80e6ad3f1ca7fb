import type { LlmEvent } from '../../actors/ports/llm.ts';
import type { ErrorCode } from '../../machines/errors.ts';
import type { FaultChoice, FaultPoint } from './faults.ts';
import type { Random } from './random.ts';

/** What an engine does with one request: events with delays, and an end. */
export interface Plan<Event> {
  readonly steps: readonly { readonly afterMs: number; readonly event: Event }[];
  /** From the last event to the end. */
  readonly endMs: number;
  readonly end: 'done' | 'hang' | ErrorCode;
  /** Keeps yielding after it was cancelled. */
  readonly late: boolean;
}

/** A piece of a segment's audio, in ms, or the beginning of a word. */
type Sound =
  | { readonly type: 'audio'; readonly ms: number }
  | { readonly type: 'word'; readonly atMs: number; readonly offset: number; readonly length: number };

export const REPLIES = [
  'Yes.',
  'It is noon. The sun is up.',
  'I can do that, of course. Look!',
  'The garden has roses and two old apple trees. They bear fruit in autumn.',
  'One moment, please.',
  'Well, that depends on the weather, on the road, and on you. Shall we go?',
  'No',
] as const;

const GARBAGE = ['\u0000\u0007', '\ud800', 'a\u202eb ', '\n\n', '   ', '\ufeff'] as const;

/** What a model calls in a reply: how often, at most how many, and names with their weights. */
export interface Callable {
  readonly chance: number;
  readonly most: number;
  readonly names: Readonly<Record<string, number>>;
}

const ROBOT: Callable = { chance: 0.12, most: 2, names: { wave: 6, nod: 4, dance: 2, halt: 1 } };

/** `asked`: number of replies that this engine has begun; makes action ids unique. */
export function llmPlan(
  faults: FaultChoice,
  random: Random,
  asked: number,
  { chance, most, names }: Callable = ROBOT,
): Plan<LlmEvent> {
  const late = faults.does('llm.lateAfterCancel');
  const firstMs = faults.does('llm.slow') ? random.ms(2_000, 9_000) : random.ms(5, 250);
  if (faults.does('llm.hang')) return { steps: [], endMs: 0, end: 'hang', late };
  if (faults.does('llm.error')) return { steps: [], endMs: firstMs, end: 'LLM_FAILED', late };
  const text = faults.does('llm.empty') ? '' : random.pick(REPLIES);
  const trickle = faults.does('llm.trickle');
  const tokenMs = trickle ? random.ms(20, 120) : random.ms(0, 30);
  const events: LlmEvent[] = (text.match(trickle ? /[\s\S]/gu : /(?:\S+\s*){1,3}/gu) ?? []).map((token) => ({
    type: 'delta',
    text: token,
  }));
  const spoil = (point: FaultPoint, spoiler: () => LlmEvent) => {
    if (faults.does(point)) events.splice(random.int(0, events.length), 0, spoiler());
  };
  const count = !faults.calm && random.chance(chance) ? random.int(1, most) : 0;
  for (let i = 0; i < count; i++) {
    const name = random.weighted(names);
    events.splice(random.int(0, events.length), 0, { type: 'action', id: `a${asked}.${i}`, name, args: {} });
  }
  spoil('llm.garbage', () => ({ type: 'delta', text: random.pick(GARBAGE) }));
  spoil('llm.duplicate', () => (events.length > 0 ? random.pick(events) : { type: 'delta', text: '' }));
  const stalls = faults.does('llm.stall');
  const fails = faults.does('llm.errorMidway');
  const kept = stalls || fails ? events.slice(0, random.int(1, Math.max(1, events.length - 1))) : events;
  return {
    steps: kept.map((event, i) => ({ afterMs: i === 0 ? firstMs : tokenMs, event })),
    endMs: kept.length === 0 ? firstMs : tokenMs,
    end: stalls ? 'hang' : fails ? 'LLM_FAILED' : 'done',
    late,
  };
}

export interface TtsPlan extends Plan<Sound> {
  readonly msPerChar: number;
}

export function ttsPlan(faults: FaultChoice, random: Random, text: string): TtsPlan {
  const msPerChar = random.int(8, 16);
  const late = faults.does('tts.lateAfterCancel');
  const firstMs = faults.does('tts.slow') ? random.ms(1_000, 6_000) : random.ms(2, 120);
  if (faults.does('tts.hang')) return { steps: [], endMs: 0, end: 'hang', late, msPerChar };
  if (faults.does('tts.error')) return { steps: [], endMs: firstMs, end: 'TTS_FAILED', late, msPerChar };
  if (faults.does('tts.silent')) return { steps: [], endMs: firstMs, end: 'done', late, msPerChar };
  const steps: { afterMs: number; event: Sound }[] = [];
  if (!faults.does('tts.noMarks')) {
    for (const { index, 0: word } of text.matchAll(/\S+/gu))
      steps.push({
        afterMs: 0,
        event: { type: 'word', atMs: index * msPerChar, offset: index, length: word.length },
      });
  }
  const trickles = faults.does('tts.trickle');
  const pieceMs = trickles ? random.int(15, 60) : random.int(150, 600);
  const totalMs = Math.max(20, text.length * msPerChar);
  for (let at = 0; at < totalMs; at += pieceMs) {
    const afterMs = steps.length === 0 || at === 0 ? 0 : trickles ? pieceMs : random.ms(0, 10);
    steps.push({ afterMs, event: { type: 'audio', ms: Math.min(pieceMs, totalMs - at) } });
  }
  const first = steps[0];
  if (first) steps[0] = { ...first, afterMs: firstMs };
  const stalls = faults.does('tts.stall');
  const dies = faults.does('tts.workerDies');
  const kept = stalls || dies ? steps.slice(0, random.int(1, Math.max(1, steps.length - 1))) : steps;
  return { steps: kept, endMs: 1, end: stalls ? 'hang' : dies ? 'ENGINE_LOST' : 'done', late, msPerChar };
}

/** Recognition from the end of the audio on. */
export interface SttPlan {
  /** Distorts what was heard. */
  readonly spoil: (text: string) => string;
  readonly unsure: boolean;
  /** To a question about the last transcript. */
  readonly answer: 'yes' | 'no';
  /** How often each partial transcript is emitted. */
  readonly repeats: number;
  /** Emits the final transcript after this much audio, without waiting for its end; null: waits. */
  readonly earlyMs: number | null;
  readonly finalMs: number;
  readonly end: 'done' | 'hang' | 'noFinal' | ErrorCode;
  readonly late: boolean;
}

export function sttPlan(faults: FaultChoice, random: Random): SttPlan {
  const empty = faults.does('stt.empty');
  const garbage = faults.does('stt.garbage') ? random.pick(GARBAGE) : '';
  return {
    spoil: (text) => (empty ? '' : text + garbage),
    unsure: faults.does('stt.unsure'),
    answer: faults.does('stt.denied') ? 'no' : 'yes',
    repeats: faults.does('stt.duplicate') ? 2 : 1,
    earlyMs: faults.does('stt.early') ? random.int(100, 600) : null,
    finalMs: faults.does('stt.slow') ? random.ms(1_000, 6_000) : random.ms(5, 200),
    end: faults.does('stt.hang')
      ? 'hang'
      : faults.does('stt.error')
        ? 'STT_FAILED'
        : faults.does('stt.noFinal')
          ? 'noFinal'
          : 'done',
    late: faults.does('stt.lateAfterCancel'),
  };
}

export function memoryPlan(
  faults: FaultChoice,
  random: Random,
): { readonly afterMs: number; readonly end: 'done' | 'hang' | 'garbage' | 'MEMORY_FAILED' } {
  const afterMs = faults.does('memory.slow') ? random.ms(400, 1_200) : random.ms(0, 40);
  if (faults.does('memory.hang')) return { afterMs, end: 'hang' };
  if (faults.does('memory.garbage')) return { afterMs, end: 'garbage' };
  return { afterMs, end: faults.does('memory.error') ? 'MEMORY_FAILED' : 'done' };
}

export interface ActionPlan {
  readonly afterMs: number;
  readonly end: 'done' | 'hang' | 'ACTION_FAILED';
}

/** How much longer than others an action takes that may outlive its reply, by name. */
export const LONGER: Readonly<Record<string, number>> = { nod: 8 };

export function actionPlan(faults: FaultChoice, random: Random, name: string): ActionPlan {
  const afterMs = faults.does('action.slow') ? random.ms(2_000, 6_000) : random.ms(0, 600);
  return {
    afterMs: afterMs * (LONGER[name] ?? 1),
    end: faults.does('action.hang') ? 'hang' : faults.does('action.error') ? 'ACTION_FAILED' : 'done',
  };
}
