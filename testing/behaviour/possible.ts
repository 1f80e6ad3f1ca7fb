/** What can happen in a state of a behaviour. */
import type { AnyStateNode } from 'xstate';
import { type BehaviourPhrases, phrasesOf } from '../../actors/behaviour/phrases.ts';
import { hasWay } from '../../machines/behaviour/answers.ts';
import { questionOf } from '../../machines/behaviour/form/form.ts';
import { formWords } from '../../machines/behaviour/form/words.ts';
import type { BehaviourProgram } from '../../machines/behaviour/program.ts';
import type { FormPart } from '../../machines/behaviour/snapshot.ts';
import { tableOf } from '../../machines/language/mod.ts';
import { sentencesOf } from './sentences.ts';
import type { Step } from './steps.ts';
import { eventData, literalsIn, slotWords } from './values.ts';
import type { Walk } from './walk.ts';
import { delaysOf, partsOf, statesOf } from './ways.ts';

/** Words that mean nothing to any behaviour. */
export const GIBBERISH = 'purple monkey dishwasher';
/** Default of `ask` and `form`. */
export const SILENCE_MS = 8_000;
export const RETRIES = 2;
/** After a time-out, so that what follows from it has happened. */
export const SLACK_MS = 200;
const HEARD = 'heard.';
const SENTENCES = 3;

export class Possible {
  readonly #definition: BehaviourProgram['definition'];
  readonly #phrases: BehaviourPhrases;
  readonly #literals: readonly (string | number)[];
  readonly #words: ReadonlyMap<string, readonly (readonly string[])[]>;
  readonly #seed: number;
  readonly #hasModel: boolean;

  /** `source`: the text of the behaviour's file. */
  constructor({ definition, machine }: BehaviourProgram, source: string, seed: number) {
    this.#hasModel = statesOf(machine).some((node) => partsOf(node).some(({ src }) => src === 'model'));
    this.#definition = definition;
    this.#phrases = phrasesOf(definition);
    this.#literals = literalsIn(source);
    this.#words = slotWords(definition, this.#phrases, this.#literals);
    this.#seed = seed;
  }

  /** The steps that make sense in the walk's present state, what the user would do first. */
  steps(walk: Walk, nodes: readonly AnyStateNode[]): readonly Step[] {
    if (walk.isAway) return [{ kind: 'back' }];
    if (walk.isStopped) return [{ kind: 'rearm' }];
    const enabled = new Set(nodes.flatMap((node) => node.ownEvents));
    const phrases = [...this.#phrases.phrases.keys()].filter((name) => hasWay(enabled, HEARD + name));
    const said = phrases.flatMap((name) => this.#sentences(name).map(says));
    const [first] = said;
    return [
      ...this.#questions(walk),
      ...said,
      ...(enabled.has('heard') ? [says(GIBBERISH)] : []),
      ...walk.running.flatMap(({ name }): readonly Step[] => [
        { kind: 'ends', name, status: 'done', data: {} },
        { kind: 'ends', name, status: 'failed', data: {} },
      ]),
      ...Object.entries(this.#definition.robotEvents).flatMap(([name, fields]) =>
        hasWay(enabled, `robot.${name}`)
          ? eventData(fields, this.#literals).map((data): Step => ({ kind: 'event', name, data }))
          : [],
      ),
      ...nodes
        .flatMap((node) => delaysOf(node, walk.snapshot.chart.context))
        .map((ms) => waits(ms + SLACK_MS)),
      { kind: 'stop' },
      { kind: 'away' },
      ...(this.#hasModel && walk.modelWorks ? [{ kind: 'model' as const, works: false }] : []),
      ...(first?.kind === 'says' ? [{ ...first, how: 'unsure' as const }] : []),
    ];
  }

  #questions(walk: Walk): readonly Step[] {
    return Object.values(walk.snapshot.parts).flatMap((part) => {
      if (part.kind !== 'ask' && part.kind !== 'form') return [];
      const answers = part.kind === 'ask' ? this.#answers(part.input) : this.#formAnswers(part);
      const { silenceMs = SILENCE_MS, retries = RETRIES } = part.input;
      const silence = silenceMs + SLACK_MS;
      return [...answers.map(says), says(GIBBERISH), waits(silence), waits((retries + 1) * silence)];
    });
  }

  #answers({
    slot,
    phrases = [],
  }: {
    readonly slot?: string;
    readonly phrases?: readonly string[];
  }): readonly string[] {
    const values = slot === undefined ? [] : this.#values(slot);
    return [...new Set([...values, ...phrases.flatMap((name) => this.#sentences(name))])];
  }

  /** Each value that is worth trying, in a sentence of its own, and one more by chance. */
  #values(slot: string): readonly string[] {
    const dialog = this.#phrases.answers.get(slot);
    if (!dialog) return [];
    const words = this.#words.get(slot) ?? [];
    const values = words.flatMap((one, at) => sentencesOf(dialog, 1, this.#seed + at, () => [one]));
    return [...values, ...sentencesOf(dialog, words.length > 0 ? 1 : SENTENCES, this.#seed)];
  }

  #formAnswers({ input, state }: FormPart): readonly string[] {
    const { language } = this.#phrases;
    const question = questionOf(input, state);
    const [cancel] = formWords(language)?.commands.cancel ?? [];
    const leave = cancel === undefined ? [] : [cancel];
    switch (question?.type) {
      case 'field': {
        const { name, slot = name } = question.field;
        return [...this.#values(slot), ...leave];
      }
      case 'doubt':
      case 'confirm': {
        const table = tableOf(language);
        return [table?.yes[0], table?.no[0]].flatMap((one) => one ?? []).concat(leave);
      }
      default:
        return leave;
    }
  }

  #sentences(phrase: string): readonly string[] {
    const dialog = this.#phrases.phrases.get(phrase);
    return dialog ? sentencesOf(dialog, SENTENCES, this.#seed, (slot) => this.#words.get(slot) ?? []) : [];
  }
}

function says(words: string): Step {
  return { kind: 'says', words };
}

function waits(ms: number): Step {
  return { kind: 'waits', ms };
}
