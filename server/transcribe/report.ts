import { describeRejection } from '../client/describe.ts';
import type { Utterance } from './hear.ts';
import type { Score } from './score.ts';
import type { Transcript, Transcription } from './transcribe.ts';

const MARKS = {
  right: 'right',
  ignored: 'right',
  wrong: 'WRONG',
  rejected: 'MISSED',
  'false-accept': 'FALSE',
  unlabelled: '',
} as const;

/** Lines of a report for people: one for each utterance, then the totals. */
export function reportLines(all: readonly Transcription[]): readonly string[] {
  return all.flatMap(({ snrDb, files, score }) => [
    ...(all.length > 1 ? [`${snrDb === undefined ? 'clean' : `with noise at ${snrDb} dB`}:`] : []),
    ...files.flatMap(fileLines),
    ...(score ? ['', ...scoreLines(score), ''] : []),
  ]);
}

function fileLines({ file, said, heard, outcome }: Transcript): readonly string[] {
  const mark = MARKS[outcome];
  const label = said === undefined ? '' : `   (said: "${said}")`;
  const means = heard.entry === undefined ? '' : ` = ${heard.entry}${slotsOf(heard.slots)}`;
  const utterances = heard.utterances.map((one) => `    ${span(one)}  ${wordsOf(one)}`);
  return [
    `${mark === '' ? '' : `${mark.padEnd(7)}`}${file}: ${heard.text === '' ? 'nothing understood' : `"${heard.text}"${means}`}${label}`,
    ...(utterances.length > 0 ? utterances : ['    no speech']),
  ];
}

function span({ fromMs, toMs }: Utterance): string {
  return `${(fromMs / 1_000).toFixed(2)}-${(toMs / 1_000).toFixed(2)} s`;
}

function wordsOf({ text, confidence, rejected }: Utterance): string {
  if (rejected) return describeRejection(rejected);
  return `"${text}"${confidence === undefined ? '' : ` confidence ${confidence.toFixed(2)}`}`;
}

function slotsOf(slots: Transcript['heard']['slots']): string {
  const parts = Object.entries(slots ?? {}).map(([name, value]) => `${name}=${value}`);
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}

function scoreLines(score: Score): readonly string[] {
  const { meant, right, wrong, rejected, other, falseAccepts, falseStops, confusions } = score;
  return [
    `meant for the dialog: ${meant}; right ${share(right, meant)}, wrong ${share(wrong, meant)}, nothing understood ${share(rejected, meant)}`,
    `anything else: ${other}; wrongly understood ${share(falseAccepts, other)}, of these voice stops ${falseStops}`,
    ...confusions.map(
      ({ meant: said, heard, times }) => `  ${said} -> ${heard}${times > 1 ? `  ${times} times` : ''}`,
    ),
  ];
}

function share(part: number, whole: number): string {
  return whole === 0 ? '0' : `${part} (${((part / whole) * 100).toFixed(1)} %)`;
}
