import { expect, it } from 'vitest';
import type { JournalRecord } from '../../../machines/journal/record.ts';
import { eventTitle, eventWords, rejectionOf } from './entries.ts';

it('gives an event’s type as people say it', () => {
  expect(eventTitle('xstate.done.actor.llm')).toBe('llm done');
  expect(eventTitle('xstate.error.actor.stt')).toBe('stt failed');
  expect(eventTitle('xstate.after.endpointDelay.session.listening')).toBe('after endpointDelay');
  expect(eventTitle('speech.start')).toBe('speech.start');
});

it('says why a recogniser rejected what it heard', () => {
  const rejected = { nearest: 'tell me a story', confidence: 0.3, reason: 'unlike' };
  const event = { type: 'xstate.done.actor.stt', output: { text: '', rejected } };
  const record: JournalRecord = {
    ...{ record: 1, seq: 1, t: 0, source: 'stt', generation: 0, stale: false },
    ...{ event: JSON.stringify(event), change: '[]', commands: '[]', stateHash: '', commandsHash: '' },
  };

  expect(rejectionOf(event)).toEqual(rejected);
  expect(eventWords(record)).toBe('Too unlike every known phrase. Nearest: “tell me a story”, 30 % likely.');
  expect(rejectionOf({ type: 'xstate.done.actor.stt', output: { text: 'hello' } })).toBeUndefined();
});
