/** Answers of people to three questions, and what else they say. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { readRecording } from '../../server/transcribe/recording.ts';

export const QUESTIONS = ['yes or no', 'PIN of four digits', 'menu of 20'] as const;
export type Question = (typeof QUESTIONS)[number];

export interface MomentTrial {
  readonly name: string;
  readonly question: Question;
  /** The phrase or the value that was said; absent for speech that does not answer the question. */
  readonly said?: string;
  /** Every second recording is in half 1. */
  readonly half: number;
  readonly samples: () => Promise<Int16Array>;
}

const SPEAKERS = ['george', 'jackson', 'lucas'];
/** Of the speech that answers no question, one of so many is heard. */
const OTHERS = 4;
/** PINs of a speaker in each half. */
const PINS = 8;
/** Between two digits of a PIN. */
const GAP = samplesInMs(100, PIPELINE_RATE);
/** Which recordings of a speaker make a PIN. */
const STRIDES = [0, 7, 13, 22];

/** The words that people have recorded, and three more. */
export const MENU = (
  'alexa,computer,jarvis,smart mirror,snowboy,view glass,down,go,left,off,on,right,up,backward,forward,bed,house,' +
  'marvin,coffee,towels'
).split(',');

interface Recording {
  readonly name: string;
  readonly word: string;
  readonly half: number;
  readonly samples: () => Promise<Int16Array>;
}

export function momentTrials(folder: string): readonly MomentTrial[] {
  const words = [...loneWords(folder), ...keywords(folder)];
  const others = sentences(folder);
  const rest = (question: Question, isAnswer: (word: string) => boolean) =>
    [...words.filter(({ word }) => word !== 'stop' && !isAnswer(word)), ...others]
      .filter((_, i) => i % OTHERS === 0)
      .map(({ word: _, ...recording }) => ({ ...recording, question }));
  const isConsent = (word: string) => word === 'yes' || word === 'no';
  const isChoice = (word: string) => MENU.includes(word);
  const said = (question: Question, all: readonly Recording[]) =>
    all.map(({ word, ...recording }) => ({ ...recording, question, said: word }));
  return [
    ...said(
      'yes or no',
      words.filter(({ word }) => isConsent(word)),
    ),
    ...rest('yes or no', isConsent),
    ...said('PIN of four digits', pins(folder)),
    ...rest('PIN of four digits', () => false),
    ...said(
      'menu of 20',
      words.filter(({ word }) => isChoice(word)),
    ),
    ...rest('menu of 20', isChoice),
  ];
}

function loneWords(folder: string): readonly Recording[] {
  const at = join(folder, 'speech-commands');
  const lines = readFileSync(join(at, 'labels.tsv'), 'utf8').split('\n').slice(1).filter(Boolean);
  return lines.map((line, i) => {
    const [file = '', word = ''] = line.split('\t');
    return { name: file, word, half: i % 2, samples: () => read(join(at, file)) };
  });
}

function keywords(folder: string): readonly Recording[] {
  const at = join(folder, 'people', 'keywords');
  return wavs(at).map((file, i) => {
    const word = file.slice(0, -4).replace(/_\d+$/u, '').replace('-', ' ');
    return { name: file, word, half: i % 2, samples: () => read(join(at, file)) };
  });
}

/** Four lone digits of one speaker, one after the other; `word`: the digits. */
function pins(folder: string): readonly Recording[] {
  const at = join(folder, 'people', 'digits');
  return SPEAKERS.flatMap((speaker) => {
    const own = wavs(at).filter((file) => file.includes(speaker));
    // Both halves have recordings of their own, so that no digit is in both.
    return [0, 1].flatMap((half) => {
      const some = own.filter((_, i) => i % 2 === half);
      return some.slice(0, PINS).map((first, i) => {
        const files = STRIDES.map((stride) => some[(i + stride) % some.length] ?? first);
        return {
          ...{ name: `${speaker} ${i}`, half, word: files.map((file) => file[0]).join('') },
          samples: async () => joined(await Promise.all(files.map((file) => read(join(at, file))))),
        };
      });
    });
  });
}

function sentences(folder: string): readonly Recording[] {
  const at = join(folder, 'words');
  return wavs(at).map((file, i) => ({
    ...{ name: file, word: '', half: i % 2 },
    samples: () => read(join(at, file)),
  }));
}

function wavs(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.wav'))
    .sort();
}

async function read(path: string): Promise<Int16Array> {
  return (await readRecording(path)).samples;
}

function joined(parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, part) => sum + part.length + GAP, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length + GAP;
  }
  return all;
}
