/** What the words of a turn are to a behaviour. */
import type { AnyEventObject } from 'xstate';
import type { Floor } from './floor.ts';
import type { BehaviourProgram, Wanted } from './program.ts';
import type { RunningQuestion, Words } from './running/question.ts';
import type { PartEnd } from './snapshot.ts';

const HEARD = 'heard.';

/** `answered`: the question that they answer, if they are meant for one. */
export interface Heard {
  readonly taken: boolean;
  readonly event?: AnyEventObject;
  readonly end?: PartEnd | undefined;
  readonly answered?: string | undefined;
}

/** What can be said now. `enabled`: events for which the chart has a way. */
export function wantedNow(
  { definition }: BehaviourProgram,
  open: RunningQuestion | undefined,
  enabled: ReadonlySet<string>,
): Wanted {
  return {
    phrases: Object.keys(definition.phrases).filter((name) => hasWay(enabled, HEARD + name)),
    ...(open && { answer: open.wanted }),
  };
}

/** What the words of the offered turn are. `enabled`: events for which the chart has a way. */
export function heardBy(
  program: BehaviourProgram,
  open: RunningQuestion | undefined,
  floor: Floor,
  enabled: ReadonlySet<string>,
): Heard {
  const { pending, input } = floor.context;
  const text = pending?.text ?? '';
  const sure = confidenceIn(floor, text);
  const words: Words = { text, ...sure };
  const said = { words: text, ...sure };
  const answer = open?.hears(words, floor);
  if (answer && open) return { taken: true, ...answer, ...(answer.end && { answered: open.id }) };
  const meant = program.understand(text, wantedNow(program, open, enabled));
  if (meant?.answers && open) {
    const { end } = open.understood(meant, words);
    return { taken: true, end, ...(end && { answered: open.id }) };
  }
  if (meant?.phrase !== undefined)
    return { taken: true, event: { type: HEARD + meant.phrase, slots: meant.slots, ...said } };
  if (program.answeredByDialog(text, input.language)) return { taken: false };
  if (open) {
    const { end } = open.unmatched(words);
    return { taken: true, end, ...(end?.how === 'done' && { answered: open.id }) };
  }
  if (hasWay(enabled, 'heard')) return { taken: true, event: { type: 'heard', ...said } };
  return { taken: false };
}

/** Whether the chart has a transition for an event: by its name, or by a wildcard. */
export function hasWay(enabled: ReadonlySet<string>, type: string): boolean {
  if (enabled.has(type) || enabled.has('*')) return true;
  const parts = type.split('.');
  return parts.some((_, at) => at > 0 && enabled.has(`${parts.slice(0, at).join('.')}.*`));
}

/** Of `text` in this step; empty for typed text, for words that were confirmed, and if the recogniser does not report it. */
function confidenceIn({ commands }: Pick<Floor, 'commands'>, text: string): Pick<Words, 'confidence'> {
  for (const { message } of commands.filter((command) => command.type === 'publish'))
    if (message.type === 'transcript' && message.final && text.endsWith(message.text))
      return message.confidence === undefined ? {} : { confidence: message.confidence };
  return {};
}
