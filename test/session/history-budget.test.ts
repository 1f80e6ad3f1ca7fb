import { describe, expect, it } from 'vitest';
import type { Message } from '../../machines/session/model.ts';
import { remember } from '../../machines/session/turn/history.ts';

/** The history after turns of `words` letters each side. */
function historyAfter(
  turns: number,
  letters: number,
  limits: { maxMessages: number; maxTokens: number },
): string[] {
  let history: readonly Message[] = [];
  for (let turn = 1; turn <= turns; turn++)
    history = remember(
      history,
      { user: `${turn}`.padEnd(letters, 'x'), assistant: 'y'.repeat(letters) },
      limits,
    );
  return history.map(({ role, content }) => (role === 'user' ? String(Number.parseInt(content, 10)) : '-'));
}

describe('a history that is too long', () => {
  it('is cut to three quarters of its tokens, at a turn', () => {
    const limits = { maxMessages: 100, maxTokens: 100 };
    expect(historyAfter(5, 40, limits)).toEqual(['1', '-', '2', '-', '3', '-', '4', '-', '5', '-']);
    expect(historyAfter(6, 40, limits)).toEqual(['4', '-', '5', '-', '6', '-']);
    expect(historyAfter(8, 40, limits)).toEqual(['4', '-', '5', '-', '6', '-', '7', '-', '8', '-']);
  });

  it('is cut to three quarters of its messages too, so that it keeps its beginning for some turns', () => {
    const limits = { maxMessages: 8, maxTokens: 1_000 };
    expect(historyAfter(4, 4, limits)).toHaveLength(8);
    expect(historyAfter(5, 4, limits)).toEqual(['3', '-', '4', '-', '5', '-']);
    expect(historyAfter(6, 4, limits)).toEqual(['3', '-', '4', '-', '5', '-', '6', '-']);
  });

  it('keeps the newest turn, however long', () => {
    expect(historyAfter(3, 4_000, { maxMessages: 8, maxTokens: 100 })).toEqual(['3', '-']);
  });
});
