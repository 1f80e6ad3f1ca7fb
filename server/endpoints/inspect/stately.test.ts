import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { SessionKernel } from '../../../machines/kernel.ts';
import { defaultParameters } from '../../../machines/parameters.ts';
import { sessionMachine } from '../../../machines/session/machine.ts';
import type { SessionInput } from '../../../machines/session/model.ts';
import { afterTest } from '../../../test/support/after-test.ts';
import { startStatelyBridge } from './stately.ts';

const INPUT: SessionInput = { language: 'en', outputRate: 24_000, seed: 1, memory: false };

async function startBridge() {
  const bridge = await startStatelyBridge({ port: 0, machine: sessionMachine });
  afterTest(() => bridge.close());
  return bridge;
}

/** The bridge's messages as parsed by Stately's own receiver. */
function receive(port: number) {
  const received: StatelyInspectionEvent[] = [];
  let check = () => {};
  const subscription = createWebSocketReceiver({ server: `ws://127.0.0.1:${port}` }).subscribe((event) => {
    received.push(event);
    check();
  });
  afterTest(() => subscription.unsubscribe());
  const until = (count: number) =>
    new Promise<StatelyInspectionEvent[]>((resolve) => {
      check = () => {
        if (received.length >= count) resolve(received);
      };
      check();
    });
  return { until };
}

describe('the bridge for Stately', () => {
  it('sends sessions, their events, states and children to clients of @statelyai/inspect', async () => {
    const bridge = await startBridge();
    const journal = bridge.watching(undefined)('s1', INPUT, () => {}, defaultParameters);
    const kernel = new SessionKernel(defaultParameters, INPUT);
    journal.start(kernel, kernel.initial);
    const { until } = receive(bridge.port);

    const [session] = await until(1);
    const event = { type: 'text', text: 'hi' } as const;
    journal.step(kernel, kernel.step(event, 10), event, 'client');
    const all = await until(7);

    expect(session).toMatchObject({ type: '@xstate.actor', sessionId: 's1', snapshot: { value: 'idle' } });
    expect(session?.type === '@xstate.actor' && JSON.parse(session.definition ?? '')).toMatchObject({
      id: 'session',
      states: { conversation: { initial: 'idle' } },
    });
    expect(all.slice(1, 3)).toMatchObject([
      { type: '@xstate.event', sessionId: 's1', event },
      { type: '@xstate.snapshot', sessionId: 's1', snapshot: { status: 'active', context: { turn: 1 } } },
    ]);
    const children = all.slice(3).map((one) => one.type === '@xstate.actor' && one.name);
    expect(children.sort()).toEqual(['actions', 'llm', 'playback', 'tts']);
  });

  it('refuses pages of other origins, and ignores messages', async () => {
    const { port } = await startBridge();
    const open = (origin?: string) =>
      new Promise<boolean>((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}`, origin === undefined ? {} : { origin });
        afterTest(() => socket.terminate());
        socket.on('open', () => resolve(true));
        socket.on('error', () => resolve(false));
      });

    expect(await open('https://evil.example')).toBe(false);
    expect(await open('null')).toBe(false);
    expect(await open('http://localhost:3000')).toBe(true);
    expect(await open()).toBe(true);
  });

  it('rejects with PORT_IN_USE if its port is taken', async () => {
    const { port } = await startBridge();

    await expect(startStatelyBridge({ port, machine: sessionMachine })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
    });
  });

  it('sends nothing about an ended session', async () => {
    const bridge = await startBridge();
    const open = bridge.watching(undefined);
    for (const session of ['over', 'lives']) {
      const journal = open(session, INPUT, () => {}, defaultParameters);
      const kernel = new SessionKernel(defaultParameters, INPUT);
      journal.start(kernel, kernel.initial);
      if (session === 'over') await journal.end();
    }

    const received = await receive(bridge.port).until(1);

    expect(received.map(({ sessionId }) => sessionId)).toEqual(['lives']);
  });
});
