/** What can happen to a behaviour from outside, as a step of a path. */
import { z } from 'zod';
import type { JsonObject } from '../../machines/json.ts';

export type Step =
  /** The user types, or says: `unsure` so that the recogniser is not sure of it. */
  | { readonly kind: 'says'; readonly words: string; readonly how?: 'spoken' | 'unsure' }
  /** The user says something over what the robot says after the step before, or presses the button that interrupts. */
  | { readonly kind: 'interrupts'; readonly words: string }
  /** The language model answers from now on, or fails. */
  | { readonly kind: 'model'; readonly works: boolean }
  /** The user says nothing, until a question's time or a delay is over. */
  | { readonly kind: 'waits'; readonly ms: number }
  | { readonly kind: 'event'; readonly name: string; readonly data: JsonObject }
  /** The action that runs ends. */
  | {
      readonly kind: 'ends';
      readonly name: string;
      readonly status: 'done' | 'failed';
      readonly data: JsonObject;
    }
  | { readonly kind: 'stop' | 'rearm' | 'away' | 'back' | 'restart' };

/** Whether the robot's replies must sound for it. */
export function isSpoken(step: Step): boolean {
  return step.kind === 'interrupts' || (step.kind === 'says' && step.how !== undefined);
}

/** A step as a line of a conversation. */
export function lineOf(step: Step): string {
  switch (step.kind) {
    case 'says':
      return `user${step.how === undefined ? '' : ` (${step.how})`}: ${step.words}`;
    case 'interrupts':
      return step.words === '' ? BUTTON : `user (interrupts): ${step.words}`;
    case 'model':
      return `model: ${step.works ? 'answers' : 'fails'}`;
    case 'waits':
      return `user: … (${step.ms / 1_000} s)`;
    case 'event':
      return `event: ${step.name}${Object.keys(step.data).length === 0 ? '' : ` ${JSON.stringify(step.data)}`}`;
    case 'ends': {
      const isEmpty = Object.keys(step.data).length === 0;
      return `action: ${step.name} ${step.status}${isEmpty ? '' : ` ${JSON.stringify(step.data)}`}`;
    }
    default:
      return step.kind;
  }
}

/** The user interrupts without words. */
const BUTTON = 'interrupt';
const jsonData = z.record(z.string(), z.json());

const PLAIN = ['stop', 'rearm', 'away', 'back', 'restart'] as const;

/** The step of a line that `lineOf` made; undefined for any other line. */
export function stepOf(line: string): Step | undefined {
  if (line === BUTTON) return { kind: 'interrupts', words: '' };
  const plain = PLAIN.find((kind) => kind === line);
  if (plain) return { kind: plain };
  const [, head = '', rest = ''] = /^(user(?: \([a-z]+\))?|event|action|model): (.*)$/u.exec(line) ?? [];
  if (head === '') return undefined;
  const silent = /^… \((\d+(?:\.\d+)?) s\)$/u.exec(rest);
  if (silent) return { kind: 'waits', ms: Math.round(Number(silent[1]) * 1_000) };
  switch (head) {
    case 'model':
      return { kind: 'model', works: rest !== 'fails' };
    case 'user':
      return { kind: 'says', words: rest };
    case 'user (spoken)':
      return { kind: 'says', words: rest, how: 'spoken' };
    case 'user (unsure)':
      return { kind: 'says', words: rest, how: 'unsure' };
    case 'user (interrupts)':
      return { kind: 'interrupts', words: rest };
    default: {
      const [, name = '', status = '', json = ''] =
        (head === 'event' ? /^(\S+)()(?: (.*))?$/u : /^(\S+) (done|failed)(?: (.*))?$/u).exec(rest) ?? [];
      const data = objectIn(json);
      if (name === '' || !data) return undefined;
      return head === 'event'
        ? { kind: 'event', name, data }
        : { kind: 'ends', name, status: status === 'failed' ? 'failed' : 'done', data };
    }
  }
}

function objectIn(json: string): JsonObject | undefined {
  return json === '' ? {} : jsonData.safeParse(safeParse(json)).data;
}

function safeParse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
