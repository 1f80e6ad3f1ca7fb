import { type Dialog, matchDialog, type SlotValue } from '../../actors/dialog/mod.ts';
import { consistsOf, sameWords } from '../../machines/policies/text.ts';
import type { Utterance } from './hear.ts';

/** What became of a recording. `right`: understood as labelled; `rejected`: nothing was understood, although it should have been. */
export type Outcome = 'right' | 'wrong' | 'rejected' | 'ignored' | 'false-accept' | 'unlabelled';

export interface Heard {
  readonly utterances: readonly Utterance[];
  /** The texts of all utterances. */
  readonly text: string;
  /** Entry of the dialog that it means; absent if there is none. */
  readonly entry?: string;
  readonly slots?: Readonly<Record<string, SlotValue>>;
  /** Of the least certain utterance that was understood. */
  readonly confidence?: number;
}

/** Totals of the labelled recordings under one condition. */
export interface Score {
  readonly labelled: number;
  /** Recordings of something that the dialog understands. */
  readonly meant: number;
  readonly right: number;
  readonly wrong: number;
  readonly rejected: number;
  /** Recordings of anything else. */
  readonly other: number;
  readonly falseAccepts: number;
  /** Of `other`: taken for a voice stop. */
  readonly falseStops: number;
  readonly confusions: readonly {
    readonly meant: string;
    readonly heard: string;
    readonly times: number;
  }[];
}

/** The meaning of what was heard in a recording. */
export function understood(dialog: Dialog, utterances: readonly Utterance[]): Heard {
  const spoken = utterances.filter(({ text }) => text !== '');
  const text = spoken.map((one) => one.text).join(' ');
  const match = matchDialog(dialog, text);
  const confidences = spoken.flatMap(({ confidence }) => confidence ?? []);
  const slots = Object.entries(match?.slots ?? {}).map(([name, { value }]) => [name, value] as const);
  return {
    ...{ utterances, text },
    ...(match && { entry: match.entry.id }),
    ...(slots.length > 0 && { slots: Object.fromEntries(slots) }),
    ...(confidences.length > 0 && { confidence: Math.min(...confidences) }),
  };
}

/** Compares what was heard with what was said. A label that the dialog has no entry for, or an empty one, must not be understood as an entry. */
export function outcome(dialog: Dialog, said: string | undefined, heard: Heard): Outcome {
  if (said === undefined) return 'unlabelled';
  if (!isMeant(dialog, said))
    return heard.text !== '' && isMeant(dialog, heard.text) ? 'false-accept' : 'ignored';
  if (heard.text === '') return 'rejected';
  return sameMeaning(dialog, said, heard.text) ? 'right' : 'wrong';
}

/** True for the same entry with the same slots, for two backchannels, and for the same words. */
function sameMeaning(dialog: Dialog, one: string, other: string): boolean {
  const { backchannels, language } = dialog;
  if (sameWords(one, other, language)) return true;
  if ([one, other].every((text) => consistsOf(text, backchannels, language))) return true;
  const [first, second] = [one, other].map((text) => matchDialog(dialog, text));
  return (
    first !== undefined &&
    first.entry === second?.entry &&
    JSON.stringify(first.slots) === JSON.stringify(second.slots)
  );
}

function isMeant(dialog: Dialog, text: string): boolean {
  return matchDialog(dialog, text) !== undefined || consistsOf(text, dialog.backchannels, dialog.language);
}

export interface Judged {
  readonly said: string | undefined;
  readonly heard: Heard;
  readonly outcome: Outcome;
}

export function scoreOf(dialog: Dialog, all: readonly Judged[]): Score {
  const count = (...outcomes: readonly Outcome[]) =>
    all.filter((one) => outcomes.includes(one.outcome)).length;
  const pairs = new Map<string, number>();
  for (const { said, heard, outcome: one } of all) {
    if (one !== 'wrong' && one !== 'false-accept') continue;
    const pair = JSON.stringify([entryOf(dialog, said ?? ''), heard.entry ?? heard.text]);
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  const halts = new Set(dialog.entries.filter(({ halt }) => halt).map(({ id }) => id));
  return {
    labelled: all.length - count('unlabelled'),
    meant: count('right', 'wrong', 'rejected'),
    right: count('right'),
    wrong: count('wrong'),
    rejected: count('rejected'),
    other: count('ignored', 'false-accept'),
    falseAccepts: count('false-accept'),
    falseStops: all.filter(
      (one) => one.outcome === 'false-accept' && one.heard.entry !== undefined && halts.has(one.heard.entry),
    ).length,
    confusions: [...pairs]
      .map(([pair, times]) => {
        const [meant = '', heard = ''] = JSON.parse(pair) as string[];
        return { meant, heard, times };
      })
      .sort((a, b) => b.times - a.times || a.meant.localeCompare(b.meant) || a.heard.localeCompare(b.heard)),
  };
}

/** Name of what was said in the table of confusions. */
function entryOf(dialog: Dialog, said: string): string {
  return matchDialog(dialog, said)?.entry.id ?? (said === '' ? '(nothing)' : `(other) ${said}`);
}
