/** What the grammar of the moment is worth: answers of people, heard among all that a robot understands, and in the state that asks.
 * Run: `npx tsx lab/hearing/moments.ts --recordings DIR [--json FILE]`. DIR has people/ and speech-commands/, see lab/recognition.md. Every second recording
 * is in half 1. The odds of an answer are a choice, not a fit.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { expecter, withBehaviour } from '../../actors/behaviour/hearing.ts';
import { behaviourProgram } from '../../actors/behaviour/program.ts';
import { parseDialog } from '../../actors/dialog/mod.ts';
import { ANSWER_ODDS, Moments } from '../../adapters/stt/soundswallower/moments.ts';
import { loadRecognisers } from '../../adapters/stt/soundswallower/recogniser.ts';
import { threadDataOf } from '../../adapters/stt/soundswallower/soundswallower.ts';
import { judge } from '../../adapters/stt/soundswallower/verdict.ts';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { behaviour } from '../../machines/behaviour/define.ts';
import type { Wanted } from '../../machines/behaviour/program.ts';
import { percentile } from '../statistics.ts';
import { MENU, momentTrials, QUESTIONS, type Question } from './moments-trials.ts';

const { values } = parseArgs({ options: { recordings: { type: 'string' }, json: { type: 'string' } } });
const folder = values.recordings;
if (folder === undefined) {
  console.error('give the folder of the recordings with --recordings DIR');
  process.exit(2);
}

/** A kiosk on wheels with one of each question. */
const kiosk = behaviour({
  id: 'kiosk',
  phrases: {
    yes: ['yes [please]', 'yeah', 'sure', 'of course'],
    no: ['no [thanks | thank you]', 'nope', 'not now'],
    bring: ['(bring | take | deliver) [me] [the | a | some] {item} [to room {room}]'],
    where: ['where are you', 'how long will it take'],
    cancel: ['(cancel | forget) (it | the order)', 'never mind'],
    goOn: ['go on', 'continue'],
  },
  slots: {
    pin: 'digits 4',
    choice: MENU,
    item: ['coffee', 'towels', 'mail', 'water', 'soap'],
    room: 'number 1..40',
  },
}).createMachine({ initial: 'ready', states: { ready: {} } });

const WANTED: Readonly<Record<Question, Wanted>> = {
  'yes or no': { phrases: ['cancel'], answer: { phrases: ['yes', 'no'] } },
  'PIN of four digits': { phrases: ['cancel'], answer: { slot: 'pin' } },
  'menu of 20': { phrases: ['cancel'], answer: { slot: 'choice' } },
};

/** Silence around a recording in its utterance. */
const BEFORE = samplesInMs(300, PIPELINE_RATE);
const AFTER = samplesInMs(600, PIPELINE_RATE);
const PIECE = samplesInMs(100, PIPELINE_RATE);

interface Outcome {
  readonly question: Question;
  readonly name: string;
  readonly said?: string;
  readonly half: number;
  readonly isAmongAll: boolean;
  /** The answer to the question that the sentence is, if it is one. */
  readonly answer: string | undefined;
  /** Log odds of the sentence. */
  readonly odds: number;
}

const robot = parseDialog(readFileSync(new URL('../../examples/robot.dialog.yaml', import.meta.url), 'utf8'));
const program = behaviourProgram(kiosk, robot);
const heard = withBehaviour(robot, program);
const expect = expecter(program);
const all = threadDataOf(heard, 1);
const [recogniser] = await loadRecognisers(all);
if (!recogniser || !expect) throw new Error('no recogniser was made');
const moments = new Moments(heard, 0);

const outcomes: Outcome[] = [];
const switches: number[] = [];
const trials = momentTrials(folder);
for (const [at, { samples, ...trial }] of trials.entries()) {
  if (at % 50 === 0) console.error(`${at} of ${trials.length}`);
  const spoken = await samples();
  const utterance = new Int16Array(BEFORE + spoken.length + AFTER);
  utterance.set(spoken, BEFORE);
  for (const isAmongAll of [true, false]) {
    const moment = moments.of(['en'], expect(WANTED[trial.question])).grammar;
    const beginMs = performance.now();
    recogniser.begin(isAmongAll ? undefined : moment);
    switches.push(performance.now() - beginMs);
    for (let from = 0; from < utterance.length; from += PIECE)
      await recogniser.push(utterance.subarray(from, from + PIECE));
    const evidence = await recogniser.hear();
    const { text, confidence } = evidence ? judge(evidence, 0) : { text: '', confidence: 0 };
    const odds = Math.log(confidence / (1 - confidence));
    outcomes.push({ ...trial, isAmongAll, answer: answerIn(text, trial.question), odds });
  }
}

console.log(
  '| question | half | heard among | right | wrong | not understood | other speech taken for an answer |',
);
console.log('|---|---|---|---|---|---|---|');
for (const question of QUESTIONS)
  for (const half of [0, 1])
    for (const isAmongAll of [true, false]) {
      const some = outcomes.filter(
        (one) => one.question === question && one.half === half && one.isAmongAll === isAmongAll,
      );
      console.log(
        `| ${question} | ${half} | ${isAmongAll ? 'all' : 'its state'} | ${counts(some, isAmongAll ? 0 : ANSWER_ODDS)} |`,
      );
    }
const [half, p95] = [0.5, 0.95].map((share) => percentile(switches, share).toFixed(1));
console.log(`\nTo change the grammar: ${half} ms (p50), ${p95} ms (p95), of ${switches.length}.`);
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(outcomes, null, 2));

function counts(some: readonly Outcome[], more: number): string {
  const taken = ({ odds, answer }: Outcome) => answer !== undefined && odds + more > 0;
  const answers = some.filter(({ said }) => said !== undefined);
  const others = some.filter(({ said }) => said === undefined);
  const right = answers.filter((one) => taken(one) && one.answer === one.said).length;
  const wrong = answers.filter((one) => taken(one) && one.answer !== one.said).length;
  const share = ((100 * right) / answers.length).toFixed(1);
  return `${right} of ${answers.length} (${share} %) | ${wrong} | ${answers.length - right - wrong} | ${others.filter(taken).length} of ${others.length}`;
}

function answerIn(text: string, question: Question): string | undefined {
  if (text === '') return undefined;
  const meant = program.understand(text, { ...WANTED[question], phrases: [] });
  if (!meant?.answers) return undefined;
  return meant.phrase ?? String(Object.values(meant.slots)[0]);
}
