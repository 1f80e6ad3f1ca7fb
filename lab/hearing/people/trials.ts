import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Dialog } from '../../../actors/dialog/mod.ts';
import { otherWords } from '../../../adapters/stt/soundswallower/common-words.ts';
import type { ThreadData } from '../../../adapters/stt/soundswallower/protocol.ts';
import { threadDataOf } from '../../../adapters/stt/soundswallower/soundswallower.ts';
import type { Pcm, PipelineRate } from '../../../machines/audio.ts';
import { readRecording } from '../../../server/transcribe/recording.ts';

/** Something said, and the grammar that hears it. */
export interface Trial {
  readonly name: string;
  readonly group: Group;
  readonly grammar: GrammarName;
  /** What must be recognised; absent if the speech must be rejected. */
  readonly said?: string;
  /** Whether `heard` means what was said. */
  readonly isRight: (heard: string) => boolean;
  /** Every second recording is in half 1. */
  readonly half: number;
  readonly audio: () => Promise<Pcm<PipelineRate>>;
}

export type Group = 'orders' | 'digits' | 'keywords' | 'synthetic';
export type GrammarName = 'robot' | 'coffee' | 'digits' | 'keywords';

const DIGITS = 'zero one two three four five six seven eight nine'.split(' ');
const KEYWORDS = ['alexa', 'computer', 'jarvis', 'smart mirror', 'snowboy', 'view glass'];

/** The recordings of people in `folder` (orders, digits, keywords; those that are there), each with its own grammar and with the robot's dialog, which must reject it. */
export function peopleTrials(folder: string): readonly Trial[] {
  const labelFile = join(folder, 'orders', 'labels.json');
  const labels = existsSync(labelFile) ? orderLabels.parse(JSON.parse(readFileSync(labelFile, 'utf8'))) : {};
  const files = (group: string) =>
    (existsSync(join(folder, group)) ? readdirSync(join(folder, group)) : [])
      .filter((name) => name.endsWith('.wav'))
      .sort();
  return (
    [
      ['keywords', 'keywords'],
      ['digits', 'digits'],
      ['orders', 'coffee'],
    ] as const
  ).flatMap(([group, own]) =>
    files(group).flatMap((file, i): Trial[] => {
      const name = file.slice(0, -4);
      const said = {
        orders: () => orderOf(labels[name]?.slots ?? {}),
        digits: () => DIGITS[Number(name[0])] ?? '',
        keywords: () => name.replace(/_\d+$/, '').replace('-', ' '),
      }[group]();
      const trial = {
        name,
        group,
        half: i % 2,
        audio: () => readRecording(join(folder, group, file)),
      };
      return [
        { ...trial, grammar: own, said, isRight: (heard) => isRight({ grammar: own, said }, heard) },
        { ...trial, grammar: 'robot', isRight: () => false },
      ];
    }),
  );
}

/** What a recogniser for each grammar needs. */
export function threadData(folder: string, dialog: Dialog): Readonly<Record<GrammarName, ThreadData>> {
  const coffeeFile = join(folder, 'orders', 'grammar.jsgf');
  const coffee = existsSync(coffeeFile) ? readFileSync(coffeeFile, 'utf8') : list(['coffee']);
  const rules = coffee
    .split('\n')
    .slice(2)
    .join(' ')
    .replace(/public|<[^>]*>/g, ' ');
  return {
    robot: threadDataOf(dialog, 1),
    coffee: dataOf(coffee, rules.match(/[a-z']+/g) ?? []),
    digits: dataOf(list(DIGITS), DIGITS),
    keywords: dataOf(
      list(KEYWORDS),
      KEYWORDS.flatMap((one) => one.split(' ')),
    ),
  };
}

function list(sentences: readonly string[]): string {
  return `#JSGF V1.0;\ngrammar words;\npublic <words> = ${sentences.join(' | ')};`;
}

function dataOf(grammar: string, all: readonly string[]): ThreadData {
  const words = [...new Set(all)];
  return {
    grammar,
    words,
    backchannels: [],
    stops: [],
    otherWords: [...otherWords(words, [])],
    pronunciations: new Map(),
    decoders: 1,
    strictness: 0,
  };
}

/** Whether `heard` means what was said: of an order, all slots. */
export function isRight({ grammar, said }: Pick<Trial, 'grammar' | 'said'>, heard: string): boolean {
  return (grammar === 'coffee' ? orderOf(slotsIn(heard)) : heard) === said;
}

const orderLabels = z.record(z.string(), z.object({ slots: z.record(z.string(), z.string()) }));
const AMOUNT = '(?:(?:some|a little bit of|a bit of|a lot of|lots of) )?';
const SLOTS = {
  size: /small|medium(?! roast)|large|(?:eight|twelve|sixteen|twenty) ounce/,
  roast: /(?:light|medium|dark) roast/,
  numberOfShots: /(?:single|double|triple) shot/,
  coffeeDrink: /americano|cappuccino|espresso|latte|(?:iced )?mocha|(?:(?:drip|house|iced) )?coffee/,
  milkAmount: new RegExp(`${AMOUNT}(?:(?:skim|whole|soy|almond) )?(?:milk|cream)`),
  sugarAmount: new RegExp(`${AMOUNT}(?:(?:brown )?sugar|sweetener)`),
} as const;

function slotsIn(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(SLOTS).map(([slot, pattern]) => [slot, pattern.exec(text)?.[0] ?? '']),
  );
}

/** An order as one text, by its slots. */
function orderOf(slots: Readonly<Record<string, string>>): string {
  return Object.keys(SLOTS)
    .map((slot) => (slots[slot] ?? '').trim())
    .join('|');
}
