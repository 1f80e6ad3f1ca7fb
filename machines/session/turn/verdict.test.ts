import { describe, expect, it } from 'vitest';
import { defaultParameters, type SessionParameters } from '../../parameters.ts';
import { initialContext } from '../context.ts';
import type { PendingTurn, Question, Reply, SessionContext, SttOutput, Utterance } from '../model.ts';
import { UNMARKED } from '../reply/timings.ts';
import { judgeTurn, TURN_VERDICTS, type TurnVerdict } from './verdict.ts';

const PARAMETERS: SessionParameters = {
  ...defaultParameters,
  words: { ...defaultParameters.words, halt: ['stop'], wake: ['hey robot'] },
  phrases: { ...defaultParameters.phrases, notUnderstood: 'Pardon?' },
  attention: { ...defaultParameters.attention, unlikeBelow: 0 },
};
const INPUT = { language: 'en', outputRate: 24_000, seed: 1, memory: false } as const;
const error = { code: 'STT_TIMEOUT', message: '' } as const;

type Facts = Partial<Omit<SessionContext, 'input'>> & { readonly input?: Partial<SessionContext['input']> };

function judged({ input, ...facts }: Facts): TurnVerdict {
  return judgeTurn(
    { ...initialContext({ ...INPUT, ...input }, PARAMETERS), nowMs: 5_000, ...facts },
    PARAMETERS,
  );
}

/** Speech of a second, with what the recogniser has said so far. */
function speech(said: Partial<Utterance>): Utterance {
  return {
    ...{ number: 1, startSample: 0, startedAtMs: 3_000, endedAtMs: 4_000, decidedAtMs: 4_500 },
    ...{ partial: '', partialAtMs: null, final: null, failure: null },
    ...said,
  };
}

const heard = (text: string, more: Partial<SttOutput> = {}) => speech({ final: { text, ...more } });
const unlike = (nearest: string) =>
  heard('', { rejected: { reason: 'unlike', nearest, confidence: 0.5 }, reading: { askBelow: 0.9 } });
const unsure = (text: string) => heard(text, { confidence: 0.3, reading: { askBelow: 0.9 } });
const noise = speech({ final: { text: '' }, startedAtMs: 3_900 });

function pending(text: string, more: Partial<PendingTurn> = {}): PendingTurn {
  return {
    ...{ text, counted: false, phrase: null, failure: null },
    ...{ endpointMs: null, sttMs: null, endedAtMs: 4_000, cause: { type: 'typed' } },
    ...more,
  };
}

const didYouSay: Question = { words: 'turn left', count: 1, sinceMs: 4_000 };
const call = { id: 'a', name: 'order', args: {}, status: 'asked', startedAtMs: 3_000 } as const;
const shallI: Question = { words: 'Shall I order?', count: 1, sinceMs: 4_000, calls: [call] };
const discarded = {
  executors: 1,
  waiting: [{ utterance: speech({}), before: '', turn: 1, dueMs: 6_000 }],
};
const reply: Reply = {
  ...{ turn: 1, generation: 1, userText: 'hello', phrase: null, seed: 1, facts: [] },
  ...{ text: 'It rains.', cut: 9, segments: ['It rains.'], actions: [], failure: null },
  ...{ turnEndedAtMs: 2_000, marks: UNMARKED, cause: { type: 'turn' } },
};
const wake = { attention: 'wake' } as const;
const addressed = { attention: 'addressed' } as const;
const silent = { turnDetection: { mode: 'auto', respond: false } } as const;

const CASES: readonly (readonly [what: string, facts: Facts, verdict: TurnVerdict])[] = [
  ['words', { utterance: heard('what time is it') }, 'turn'],
  ['speech that the recogniser failed at', { utterance: speech({ failure: error }) }, 'turn'],
  ['long speech without a word', { utterance: heard('') }, 'turn'],
  ['typed text', { pending: pending('hello') }, 'known'],
  ['speech whose words are not known', { utterance: speech({ partial: 'stop' }) }, 'wait'],
  ['nothing at all', {}, 'wait'],
  ['a short sound without a word', { utterance: noise }, 'noise'],
  ['a stop', { utterance: heard('stop') }, 'halt'],
  ['a typed stop', { pending: pending('stop') }, 'halt'],
  ['a stop behind earlier words of the turn', { utterance: heard('stop'), pending: pending('go') }, 'halt'],

  ['a stop before words of discarded speech', { utterance: heard('stop'), discarded }, 'halt'],
  ['words of discarded speech before a turn', { utterance: heard('what time is it'), discarded }, 'wait'],
  ['words of discarded speech before typed text', { pending: pending('hello'), discarded }, 'wait'],
  ['a stop before being asleep', { utterance: heard('stop'), input: wake }, 'halt'],
  ['a stop before an open question', { utterance: heard('stop'), question: shallI }, 'halt'],

  ['a wake phrase', { utterance: heard('hey robot what time is it'), input: wake }, 'wakePhrase'],
  [
    'a wake phrase while awake',
    { utterance: heard('hey robot hello'), input: wake, woken: true },
    'wakePhrase',
  ],
  ['speech to a sleeping robot', { utterance: heard('what time is it'), input: wake }, 'forOthers'],
  ['noise to a sleeping robot', { utterance: noise, input: wake }, 'forOthers'],
  ['a yes to a sleeping robot', { utterance: heard('yes'), input: wake, question: shallI }, 'forOthers'],
  ['speech to an awake robot', { utterance: heard('what time is it'), input: wake, woken: true }, 'turn'],
  [
    'many words among people',
    { utterance: heard('they said that it would rain all day'), input: addressed, woken: true },
    'forOthers',
  ],

  ['a yes to a call', { utterance: heard('yes'), question: shallI }, 'consent'],
  ['a no to a call', { utterance: heard('no'), question: shallI }, 'consent'],
  ['an unsure no to a call', { utterance: unsure('no'), question: shallI }, 'consent'],
  ['an unsure yes to a call', { utterance: unsure('yes'), question: shallI }, 'unclearConsent'],
  [
    'a second unsure yes to a call',
    { utterance: unsure('yes'), question: { ...shallI, count: 2 } },
    'unclearAnswer',
  ],
  ['other words to a call', { utterance: heard('what time is it'), question: shallI }, 'turn'],
  ['a yes to "did you say"', { utterance: heard('yes'), question: didYouSay }, 'answer'],
  ['an unsure yes to "did you say"', { utterance: unsure('yes'), question: didYouSay }, 'answer'],
  ['a no to "did you say"', { utterance: heard('no'), question: didYouSay }, 'unclearAnswer'],
  ['unsure words', { utterance: unsure('turn left') }, 'unsure'],
  ['words that were rejected', { utterance: unlike('turn left') }, 'unsure'],
  ['unsure words to "did you say"', { utterance: unsure('turn right'), question: didYouSay }, 'unsure'],
  [
    'unsure words to a second "did you say"',
    { utterance: unsure('turn right'), question: { ...didYouSay, count: 2 } },
    'unclearAnswer',
  ],
  ['a short sound after a question', { utterance: noise, question: didYouSay }, 'noAnswer'],

  ['words in a session without replies', { utterance: heard('hello'), settings: silent }, 'unanswered'],
  [
    'unsure words in a session without replies',
    { utterance: unsure('hello'), settings: silent },
    'unanswered',
  ],
  ['noise in a session without replies', { utterance: noise, settings: silent }, 'noise'],
  [
    'words before a reply that the client asked for, without others',
    { utterance: heard('hello'), pending: pending('', { cause: { type: 'requested' } }), settings: silent },
    'turn',
  ],
  [
    'noise before a reply that the client asked for',
    { utterance: noise, pending: pending('', { cause: { type: 'requested' } }) },
    'turn',
  ],

  ['words over a reply', { utterance: heard('what time is it'), reply }, 'turn'],
  ['a stop over a reply', { utterance: heard('stop'), reply }, 'turn'],
  ['a listener’s sound over a reply', { utterance: heard('uh-huh'), reply }, 'backchannel'],
  ['noise over a reply', { utterance: noise, reply }, 'backchannel'],
  ['a failed recogniser over a reply', { utterance: speech({ failure: error }), reply }, 'backchannel'],
  ['words that are not known over a reply', { utterance: speech({ partial: 'wait' }), reply }, 'wait'],
  ['speech to others over a reply', { utterance: heard('hello'), reply, input: wake }, 'backchannel'],
];

describe('the verdict on an utterance', () => {
  it.each(CASES)('%s', (_, facts, verdict) => {
    expect(judged(facts)).toBe(verdict);
  });

  it('has a case for each', () => {
    expect([...new Set(CASES.map(([, , verdict]) => verdict))].sort()).toEqual([...TURN_VERDICTS].sort());
  });
});
