/** Open questions of a behaviour: which words answer them, and what happens if none do. */
import type { AnyEventObject } from 'xstate';
import type { Floor } from './floor.ts';
import type { BehaviourProgram, Wanted } from './program.ts';
import type { AskPart, Part, PartEnd } from './snapshot.ts';

const RETRIES = 2;
const SILENCE_MS = 8_000;
const TIMER = 'ask:';
const HEARD = 'heard.';

/** What words are to the behaviour. `answered`: the question that they answer, if they are meant for one. */
export interface Heard {
  readonly taken: boolean;
  readonly event?: AnyEventObject;
  readonly end?: PartEnd | undefined;
  readonly answered?: string | undefined;
}

interface OpenQuestion {
  readonly id: string;
  readonly part: AskPart;
}

export class Answers {
  readonly #program: BehaviourProgram;
  readonly #parts: Map<string, Part>;

  constructor(program: BehaviourProgram, parts: Map<string, Part>) {
    this.#program = program;
    this.#parts = parts;
  }

  /** The newest question. */
  open(): OpenQuestion | undefined {
    let open: OpenQuestion | undefined;
    for (const [id, part] of this.#parts) if (part.kind === 'ask') open = { id, part };
    return open;
  }

  timerOf(id: string): string {
    return TIMER + id;
  }

  /** The question whose time for an answer is over; undefined if `timer` is not one of these. */
  questionOf(timer: string): string | undefined {
    return timer.startsWith(TIMER) ? timer.slice(TIMER.length) : undefined;
  }

  silenceMs(id: string): number {
    const part = this.#parts.get(id);
    return (part?.kind === 'ask' ? part.input.silenceMs : undefined) ?? SILENCE_MS;
  }

  /** The user has the question. Returns the timer of its answer. */
  asked(id: string): string {
    this.#change(id, { asked: true });
    return this.timerOf(id);
  }

  /** Something else was said: all questions but `answered` are to be asked again. Returns their timers. */
  unasked(answered: string | undefined): readonly string[] {
    const ids = [...this.#parts].flatMap(([id, part]) =>
      part.kind === 'ask' && part.asked && id !== answered ? id : [],
    );
    for (const id of ids) this.#change(id, { asked: false });
    return ids.map((id) => this.timerOf(id));
  }

  /** The question in the words of this try. */
  questionNow(id: string): string {
    const part = this.#parts.get(id);
    if (part?.kind !== 'ask') return '';
    const { question, reprompts = [] } = part.input;
    return part.tries === 0 ? question : (reprompts[part.tries - 1] ?? question);
  }

  /** Nothing was said to a question. Returns its end, or undefined if it is asked again. */
  noInput(id: string): PartEnd | undefined {
    return this.#tryAgain(id, 'noInput');
  }

  /** What the words of the offered turn are. `enabled`: events for which the chart has a way. */
  heard(floor: Floor, enabled: ReadonlySet<string>): Heard {
    const { pending, input } = floor.context;
    const words = pending?.text ?? '';
    const open = this.open();
    const wanted: Wanted = {
      phrases: Object.keys(this.#program.definition.phrases).filter((name) => hasWay(enabled, HEARD + name)),
      ...(open && { answer: { slot: open.part.input.slot, phrases: open.part.input.phrases } }),
    };
    const meant = this.#program.understand(words, wanted);
    const confidence = confidenceIn(floor);
    const said = { ...(confidence !== undefined && { confidence }) };
    if (meant?.answers && open) {
      const { phrase, slots } = meant;
      const result = { slots, ...(phrase !== undefined && { phrase }), text: words, ...said };
      return { taken: true, end: doneWith(open, result), answered: open.id };
    }
    if (meant?.phrase !== undefined)
      return { taken: true, event: { type: HEARD + meant.phrase, slots: meant.slots, words, ...said } };
    if (this.#program.answeredByDialog(words, input.language)) return { taken: false };
    if (open?.part.input.anything)
      return { taken: true, end: doneWith(open, { slots: {}, text: words, ...said }), answered: open.id };
    if (open) return { taken: true, end: this.#tryAgain(open.id, 'noMatch') };
    if (hasWay(enabled, 'heard')) return { taken: true, event: { type: 'heard', words, ...said } };
    return { taken: false };
  }

  #tryAgain(id: string, code: 'noInput' | 'noMatch'): PartEnd | undefined {
    const part = this.#parts.get(id);
    if (part?.kind !== 'ask') return undefined;
    if (part.tries >= (part.input.retries ?? RETRIES))
      return { part: id, entry: part.entry, how: 'error', result: { code } };
    this.#change(id, { tries: part.tries + 1, asked: false });
    return undefined;
  }

  #change(id: string, patch: Partial<AskPart>): void {
    const part = this.#parts.get(id);
    if (part?.kind === 'ask') this.#parts.set(id, { ...part, ...patch });
  }
}

function doneWith({ id, part }: OpenQuestion, result: PartEnd['result']): PartEnd {
  return { part: id, entry: part.entry, how: 'done', result };
}

/** Whether the chart has a transition for an event: by its name, or by a wildcard. */
export function hasWay(enabled: ReadonlySet<string>, type: string): boolean {
  if (enabled.has(type) || enabled.has('*')) return true;
  const parts = type.split('.');
  return parts.some((_, at) => at > 0 && enabled.has(`${parts.slice(0, at).join('.')}.*`));
}

/** Of the words of this step; undefined for typed text, and if the recogniser does not report it. */
function confidenceIn({ commands }: Pick<Floor, 'commands'>): number | undefined {
  for (const command of commands)
    if (command.type === 'publish' && command.message.type === 'transcript' && command.message.final)
      return command.message.confidence;
  return undefined;
}
