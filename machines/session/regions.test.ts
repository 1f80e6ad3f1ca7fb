import { describe, expect, it } from 'vitest';
import { SessionKernel } from '../kernel.ts';
import { defaultParameters } from '../parameters.ts';
import { sessionMachine } from './machine.ts';
import { conversationOf, REGIONS, regionsOf, sessionValue } from './regions.ts';

describe('the regions beside the conversation', () => {
  it('begin in the states that are not written into a journal', () => {
    const kernel = new SessionKernel(defaultParameters, {
      language: 'en',
      outputRate: 24_000,
      seed: 1,
      memory: false,
    });

    expect(Object.keys(sessionMachine.root.states)).toEqual(['conversation', ...Object.keys(REGIONS)]);
    expect([kernel.value, kernel.regions]).toEqual(['idle', undefined]);
  });

  it('keep their state through the turns of the conversation, and end with the session', () => {
    const kernel = new SessionKernel(defaultParameters, {
      language: 'en',
      outputRate: 24_000,
      seed: 1,
      memory: false,
    });

    kernel.step({ type: 'body', moving: true, noise: -30 }, 10);
    expect([kernel.state, kernel.regions]).toEqual(['idle', { body: 'moving' }]);
    kernel.step({ type: 'text', text: 'hello' }, 20);
    expect([kernel.state, kernel.regions]).toEqual(['processing', { body: 'moving' }]);
    kernel.step({ type: 'body', moving: false }, 30);
    expect([kernel.state, kernel.regions]).toEqual(['processing', undefined]);
    kernel.step({ type: 'bye' }, 40);
    expect([kernel.state, kernel.ended]).toEqual(['ended', true]);
  });

  it('are put together with the conversation to the value of the chart, and apart again', () => {
    const value = sessionValue('idle', { body: 'moving' });

    expect([conversationOf(value), regionsOf(value)]).toEqual(['idle', { body: 'moving' }]);
    expect(regionsOf(sessionValue('idle', undefined))).toBeUndefined();
  });
});
