import { afterEach, expect, it, vi } from 'vitest';
import type { ServerMessage } from '../../machines/wire.ts';
import type { Scene } from './conversation.ts';
import { printTimeline } from './timeline.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function end(atMs: number, timings: object) {
  const facts = { type: 'reply.end', turn: 1, generation: 1, reason: 'interrupted', heard: 'Once' };
  return { atMs, message: { ...facts, timings } as ServerMessage };
}

/** The summary of a reply that the next line interrupted. */
function felt(timings: object): string | undefined {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  const scenes: Scene[] = [
    { line: { text: 'tell me a story', how: 'starts' }, fromMs: 0, toMs: 100, firstArrival: 0 },
    { line: { text: 'tell me a joke', how: 'barge-in' }, fromMs: 2_000, toMs: 2_100, firstArrival: 0 },
  ];
  printTimeline({ arrivals: [end(2_050, timings)], frames: [{ atMs: 400, generation: 1, seq: 0 }] }, scenes);
  return lines.find((line) => line.includes('tell me a story') && line.includes('first sound'));
}

it('an interrupted reply shows the timings that arrive later with its end', () => {
  expect(felt({ endpoint: 250, firstAudio: 299.6 })).toMatch(
    /first sound 300 after the last word's file \(ms: endpoint 250, firstAudio 300\)$/u,
  );
});

it('a reply that was interrupted before its timings shows no empty parentheses', () => {
  expect(felt({})).toMatch(/first sound 300 after the last word's file$/u);
});
