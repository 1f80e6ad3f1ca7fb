import { describe, expect, it } from 'vitest';
import type { ServerMessage } from '../../machines/wire.ts';
import { type Conversation, EMPTY_CONVERSATION, said, stillRunning, typed } from './conversation.ts';
import { splitHeard } from './heard.ts';

function replayed(messages: readonly ServerMessage[], from: Conversation = EMPTY_CONVERSATION): Conversation {
  return messages.reduce(said, from);
}

describe('the conversation shown', () => {
  it('replaces partial transcripts and joins reply deltas by generation', () => {
    const conversation = replayed([
      { type: 'transcript', turn: 1, text: 'tell', final: false },
      { type: 'transcript', turn: 1, text: 'tell me', final: true },
      { type: 'reply', turn: 1, generation: 1, text: 'Once ' },
      { type: 'reply', turn: 1, generation: 1, text: 'upon' },
      { type: 'reply', turn: 1, generation: 2, text: 'Sorry' },
      {
        type: 'reply.end',
        turn: 1,
        generation: 1,
        reason: 'interrupted',
        heard: 'Once',
        timings: { firstAudio: 9 },
      },
    ]);

    expect(conversation).toEqual({
      turns: [
        {
          turn: 1,
          user: { text: 'tell me', final: true },
          replies: [
            { generation: 1, text: 'Once upon', end: { reason: 'interrupted', heard: 'Once' } },
            { generation: 2, text: 'Sorry' },
          ],
          actions: [],
        },
      ],
      pending: [],
      timings: { firstAudio: 9 },
    });
  });

  it('shows a typed text at once and gives it to the turn that answers it', () => {
    const waiting = typed(EMPTY_CONVERSATION, 'hello');
    const answered = replayed([{ type: 'reply', turn: 1, generation: 1, text: 'Hi' }], waiting);

    expect(waiting.pending).toEqual(['hello']);
    expect(answered.pending).toEqual([]);
    expect(answered.turns[0]?.user).toEqual({ text: 'hello', final: true });
  });

  it('does not show a typed text twice when the server sends it back as a transcript', () => {
    const conversation = replayed(
      [
        { type: 'transcript', turn: 1, text: 'hello', final: true },
        { type: 'reply', turn: 1, generation: 1, text: 'Hi' },
      ],
      typed(EMPTY_CONVERSATION, 'hello'),
    );

    expect(conversation.pending).toEqual([]);
    expect(conversation.turns).toHaveLength(1);
  });

  it('follows an action by its id and keeps it in its turn', () => {
    const conversation = replayed([
      { type: 'transcript', turn: 1, text: 'wave', final: true },
      { type: 'action', id: 'a', name: 'wave', args: {}, status: 'started' },
      { type: 'transcript', turn: 2, text: 'thanks', final: true },
      { type: 'action', id: 'a', name: 'wave', args: {}, status: 'done' },
    ]);

    expect(conversation.turns.map(({ actions }) => actions)).toEqual([
      [{ id: 'a', name: 'wave', status: 'done' }],
      [],
    ]);
  });

  it('starts anew with a new session but not with a resumed one', () => {
    const before = replayed([{ type: 'transcript', turn: 1, text: 'hi', final: true }]);
    const ready = (resumed: boolean): ServerMessage => ({
      type: 'ready',
      session: 's',
      epoch: 1,
      resumed,
      audio: { inputRate: 16_000, outputRate: 24_000 },
    });

    expect(said(before, ready(true))).toBe(before);
    expect(said(before, ready(false))).toEqual(EMPTY_CONVERSATION);
  });

  it('shows actions of earlier turns as long as they run, with what the robot reported', () => {
    const action = (status: 'started' | 'progress' | 'done', message?: string): ServerMessage => {
      return {
        type: 'action',
        id: '1-home',
        name: 'drive-home',
        args: {},
        status,
        ...(message && { message }),
      };
    };
    const asked = (turn: number): ServerMessage => ({ type: 'transcript', turn, text: 'go', final: true });
    const started = replayed([asked(1), action('started')]);
    expect(stillRunning(started)).toEqual([]);

    const later = replayed([asked(2), action('progress', 'half way')], started);
    expect(stillRunning(later)).toEqual([
      { id: '1-home', name: 'drive-home', status: 'progress', message: 'half way' },
    ]);
    expect(stillRunning(replayed([action('done')], later))).toEqual([]);
  });

  it('keeps the last hundred turns', () => {
    const messages = Array.from(
      { length: 130 },
      (_, turn): ServerMessage => ({ type: 'transcript', turn, text: `${turn}`, final: true }),
    );

    const { turns } = replayed(messages);

    expect(turns).toHaveLength(100);
    expect(turns.at(-1)?.turn).toBe(129);
  });
});

describe('splitHeard', () => {
  it.each([
    ['all of it', 'One. Two.', 'One. Two.', 'One. Two.', ''],
    ['a part', 'One. Two.', 'One.', 'One.', ' Two.'],
    ['nothing', 'One. Two.', '', '', 'One. Two.'],
    ['a part that is spaced differently', 'One.\n Two. Three.', 'One. Two.', 'One.\n Two.', ' Three.'],
    ['all but the white space at the end', 'One. \n', 'One.', 'One. \n', ''],
    ['something else than the text from some point on', 'One. Two.', 'One. Tree.', 'One. T', 'wo.'],
    ['emoji', 'Hi 👋🏽 you', 'Hi 👋🏽', 'Hi 👋🏽', ' you'],
  ])('splits where %s was heard', (_, text, spoken, heard, unheard) => {
    expect(splitHeard(text, spoken)).toEqual({ heard, unheard });
  });
});
