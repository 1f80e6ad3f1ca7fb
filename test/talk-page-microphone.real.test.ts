import { describe, expect, it } from 'vitest';
import { until } from './support/chromium.ts';
import type { ScriptedSession } from './support/scripted-session-server.ts';
import { connected, page, useTalkPage } from './support/talk-page.ts';

useTalkPage();

/** Keeps the page's capture contexts in `captures`, and how often the microphone was asked for in `asked`. */
const WATCH = `{
  const Real = window.AudioContext;
  window.captures = [];
  window.AudioContext = class extends Real {
    constructor(options) {
      super(options);
      if (options?.sampleRate === 16000) window.captures.push(this);
    }
  };
  window.asked = 0;
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (wanted) => {
    window.asked++;
    return window.refuses ? Promise.reject(new DOMException('gone', 'NotReadableError')) : ask(wanted);
  };
  // What Safari shows of a call: Chromium has no such state.
  window.enter = (context, state) => {
    Object.defineProperty(context, 'state', { configurable: true, get: () => state });
    context.dispatchEvent(new Event('statechange'));
  };
}`;

async function listening(): Promise<ScriptedSession> {
  await page.addInitScript(WATCH);
  const session = await connected();
  await hearsOn(session);
  return session;
}

/** More audio arrives. */
async function hearsOn(session: ScriptedSession): Promise<void> {
  const sofar = session.audio.length;
  await session.until(({ audio }) => audio.length > sofar + 10);
}

describe('the microphone of the page goes on', () => {
  it('when the browser suspends its context', async () => {
    const session = await listening();
    await page.evaluate('captures[0].suspend()');
    await until(page, `captures[0].state === 'running'`);
    await hearsOn(session);
    expect(await page.evaluate('[captures.length, asked]')).toEqual([1, 1]);
  });

  it('at the next gesture, when the browser resumes nothing before', async () => {
    const session = await listening();
    await page.evaluate(`{
      const [context] = captures;
      const resume = context.resume.bind(context);
      context.resume = () => window.gesture ? resume() : Promise.reject(new DOMException('no gesture', 'NotAllowedError'));
      document.addEventListener('pointerdown', () => { window.gesture = true; }, { capture: true, once: true });
      context.suspend();
    }`);
    await until(page, `captures[0].state === 'suspended'`);
    await page.click('body');
    await until(page, `captures[0].state === 'running'`);
    await hearsOn(session);
    expect(await page.evaluate('[captures.length, asked]')).toEqual([1, 1]);
  });

  it.each(['running', 'suspended'])(
    'with a new context after an interruption that leaves the old one %s',
    async (state) => {
      const session = await listening();
      await page.evaluate(`enter(captures[0], 'interrupted')`);
      expect(await page.evaluate('captures.length')).toBe(1);
      await page.evaluate(`enter(captures[0], '${state}')`);
      await until(page, `captures.length === 2 && captures[1].state === 'running'`);
      await hearsOn(session);
      expect(await page.evaluate('[asked, parley.microphone.open]')).toEqual([2, true]);
    },
  );

  it('with a new context when the old one runs and gives nothing', async () => {
    const session = await listening();
    await page.evaluate(
      `captures[0].suspend().then(() => Object.defineProperty(captures[0], 'state', { get: () => 'running' }))`,
    );
    await until(page, 'captures.length === 2');
    await hearsOn(session);
  });

  it('muted, if it was muted before the interruption', async () => {
    const session = await listening();
    await page.click('#mute');
    await page.evaluate(`enter(captures[0], 'interrupted'); enter(captures[0], 'running')`);
    await until(page, `captures.length === 2 && captures[1].state === 'running'`);
    await hearsOn(session);
    await session.until(() =>
      session.samples(Math.max(0, session.audio.length - 10)).every((one) => one === 0),
    );
  });
});

it('a microphone that cannot be had again after an interruption is lost, and the page says so', async () => {
  await listening();
  await page.evaluate(
    `window.refuses = true; enter(captures[0], 'interrupted'); enter(captures[0], 'running')`,
  );
  await until(page, `!parley.microphone.open`);
  expect(await page.textContent('body')).toContain('The microphone went away. You can still type.');
});
