import { beforeAll, beforeEach, expect, it } from 'vitest';
import { until } from './support/chromium.ts';
import { type LayoutCheck, layoutCheck } from './support/page-layout.ts';
import type { ScriptedSession } from './support/scripted-session-server.ts';
import { connected, page, server, useTalkPage } from './support/talk-page.ts';

let layout: LayoutCheck;

useTalkPage({ mayComplain: true });
// PAGE_PICTURES keeps what was drawn.
beforeAll(async () => {
  layout = await layoutCheck({ pictures: process.env.PAGE_PICTURES });
});
beforeEach(() => {
  server.about = { phrases: ['how are you', 'tell me a story', 'go forward'], notices: [] };
});

function conversation(session: ScriptedSession): void {
  session.say(
    { type: 'transcript', turn: 1, text: 'what is your name', final: true },
    { type: 'reply', turn: 1, generation: 1, text: 'My name is Parley.' },
    {
      type: 'reply.end',
      turn: 1,
      generation: 1,
      reason: 'completed',
      heard: 'My name is Parley.',
      timings: {
        endpoint: 250,
        stt: 31,
        recall: 1,
        llmFirstToken: 2,
        firstSegment: 0,
        ttsFirstAudio: 24,
        firstFrame: 2,
        firstAudio: 310,
        firstPlayed: 63,
      },
    },
    { type: 'transcript', turn: 2, text: 'go forward two meters and then wave', final: true },
    { type: 'reply', turn: 2, generation: 2, text: 'I am going forward two meters.' },
    { type: 'action', id: 'a1', name: 'move', args: { meters: 2 }, status: 'done' },
    {
      type: 'action',
      id: 'a2',
      name: 'drive-home',
      args: {},
      status: 'progress',
      message: 'half way to the charging station',
    },
    {
      type: 'reply.end',
      turn: 2,
      generation: 2,
      reason: 'completed',
      heard: 'I am going forward two meters.',
      timings: { endpoint: 250, firstAudio: 290 },
    },
    { type: 'transcript', turn: 3, text: 'tell me a story', final: true },
    {
      type: 'reply',
      turn: 3,
      generation: 3,
      text: 'Once upon a time a small robot lived in a large library. Every night it read one book, and in the morning it forgot all but one word.',
    },
  );
}

const states: readonly (readonly [string, () => Promise<void>])[] = [
  [
    'talk-offline',
    async () => {
      await page.goto(server.url);
    },
  ],
  [
    'talk-before-the-first-word',
    async () => {
      await connected();
    },
  ],
  [
    'talk-warned',
    async () => {
      const message =
        'engines.llm openai answers anything, but engines.stt soundswallower understands only the phrases of the dialog file: all other speech is rejected. Let it hear any speech with --engines.stt=openai (and stt.openai.baseURL or stt.openai.apiKey), or type instead';
      server.about = { phrases: ['how are you'], notices: [{ code: 'FREE_SPEECH_REJECTED', message }] };
      await connected();
      await until(page, `!document.querySelector('#notice').hidden`);
    },
  ],
  [
    'talk-listening',
    async () => {
      const session = await connected();
      conversation(session);
      const rejected = { nearest: 'tell me a story', confidence: 0.31, reason: 'unlike' };
      session.raw(JSON.stringify({ type: 'transcript', turn: 4, text: '', final: true, rejected }));
      session.say({ type: 'transcript', turn: 5, text: 'and what happened to the', final: false });
      session.state('listening', 5, 3);
      await until(page, `parley.state === 'listening'`);
    },
  ],
  [
    'talk-processing',
    async () => {
      const session = await connected();
      session.say({ type: 'transcript', turn: 1, text: 'what is your name', final: true });
      session.state('processing', 1, 1);
      await until(page, `parley.state === 'processing'`);
    },
  ],
  [
    'talk-speaking',
    async () => {
      const session = await connected();
      conversation(session);
      session.state('speaking', 3, 3);
      await until(page, `parley.state === 'speaking'`);
    },
  ],
  [
    'talk-stopped',
    async () => {
      const session = await connected();
      conversation(session);
      session.say({
        type: 'reply.end',
        turn: 3,
        generation: 3,
        reason: 'interrupted',
        heard: 'Once upon a time a small robot',
        timings: { endpoint: 250, firstAudio: 290 },
      });
      session.state('stopped', 3, 3);
      await until(page, `document.querySelector('#stop').getAttribute('aria-disabled') === 'true'`);
    },
  ],
  [
    'talk-rearm',
    async () => {
      const session = await connected();
      session.state('stopped', 0, 0);
      await until(page, `parley.state === 'stopped'`);
      await until(page, `document.querySelector('#stop').getAttribute('aria-disabled') === 'false'`);
    },
  ],
  [
    'talk-ended',
    async () => {
      const session = await connected();
      conversation(session);
      session.state('ended', 3, 3);
      session.close(1000);
      await until(page, `parley.link === 'offline'`);
    },
  ],
  [
    'talk-server-gone',
    async () => {
      await page.addInitScript('Math.random = () => 1');
      const session = await connected();
      conversation(session);
      await until(page, `parley.conversation.turns.length === 3`);
      await page.context().setOffline(true);
      session.cut();
      await until(page, `parley.link === 'waiting'`);
    },
  ],
];

it.each(states)(
  '%s: nothing is clipped or covered, nothing overlaps, all can be read',
  async (name, arrive) => {
    await arrive();
    const faults = await layout.check(page, name);
    await page.context().setOffline(false);
    expect(faults).toEqual([]);
  },
);
