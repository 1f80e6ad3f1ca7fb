import type { Dialog, DialogEntry } from './dialog.ts';
import { shortest } from './phrase-facts.ts';

/**
 * Returns at most `count` example phrases, in the order of the dialog. It prefers one with a long answer to interrupt,
 * one that moves the robot and one that is a plain question, then takes the first others. Never a voice stop.
 */
export function suggestedPhrases(dialog: Dialog, count: number): readonly string[] {
  const entries = dialog.entries.filter((entry) => !entry.halt && shortestOf(dialog, entry) !== undefined);
  const longest = Math.max(...entries.map(answerLength));
  const wanted = [
    entries.find((entry) => answerLength(entry) === longest),
    entries.find(({ actions }) => actions.length > 0),
    entries.find((entry) => (shortestOf(dialog, entry)?.split(' ').length ?? 0) >= 3),
    ...entries,
  ];
  const chosen = [...new Set(wanted.filter((entry) => entry !== undefined))].slice(0, count);
  return entries
    .filter((entry) => chosen.includes(entry))
    .flatMap((entry) => shortestOf(dialog, entry) ?? []);
}

function answerLength({ replies }: DialogEntry): number {
  return Math.max(0, ...replies.map((reply) => reply.length));
}

/** Omits an entry's optional words and slots where possible. */
function shortestOf(dialog: Dialog, entry: DialogEntry): string | undefined {
  return entry.phrases
    .flatMap((phrase) => shortest(phrase, dialog.slots)?.join(' ') ?? [])
    .reduce<string | undefined>(
      (best, one) => (best === undefined || one.length < best.length ? one : best),
      undefined,
    );
}
