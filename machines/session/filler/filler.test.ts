import { describe, expect, it } from 'vitest';
import { type KernelEvent, SessionKernel } from '../../kernel.ts';
import { defaultParameters, type SessionParameters } from '../../parameters.ts';
import type { Command } from '../commands.ts';
import type { SessionEvent } from '../events.ts';

const FILLERS = ['Well.', 'Let me see.', 'Hm.'];

function withFillers(fillers: readonly string[] = FILLERS, fillerAfterMs = 1_500): SessionParameters {
  return {
    ...defaultParameters,
    reply: { ...defaultParameters.reply, fillerAfterMs },
    phrases: { ...defaultParameters.phrases, fillers },
  };
}

function kernelOf(parameters: SessionParameters, seed = 1): SessionKernel {
  return new SessionKernel(parameters, {
    ...{ language: 'en', outputRate: 24_000, memory: false },
    seed,
  });
}

/** All commands, with delays fired when they are due. */
function play(
  kernel: SessionKernel,
  events: readonly (KernelEvent | { readonly waitMs: number })[],
): Command[] {
  const commands: Command[] = [];
  let nowMs = 0;
  for (const event of events) {
    if (!('waitMs' in event)) {
      commands.push(...kernel.step(event, nowMs).commands);
      continue;
    }
    nowMs += event.waitMs;
    for (let due = kernel.popTimer(nowMs); due; due = kernel.popTimer(nowMs))
      commands.push(...kernel.step(due.event, due.dueMs).commands);
  }
  return commands;
}

function fillersIn(commands: readonly Command[]): string[] {
  return commands.flatMap((command) =>
    command.type === 'send' && command.message.type === 'filler' ? [command.message.text] : [],
  );
}

const ASK: SessionEvent = { type: 'text', text: 'hello' };

describe('the filler of the chart', () => {
  it('has no delay without a phrase or a time', () => {
    for (const parameters of [withFillers([]), withFillers(FILLERS, 0)])
      expect(
        play(kernelOf(parameters), [ASK, { waitMs: 5_000 }]).filter(
          (command) => command.type === 'delay' && command.id.includes('filler'),
        ),
      ).toEqual([]);
  });

  it('is picked by the seed, without affecting other choices of the session', () => {
    const picked = Array.from({ length: 20 }, (_, seed) =>
      fillersIn(play(kernelOf(withFillers(), seed), [ASK, { waitMs: 1_500 }])),
    );
    expect(new Set(picked.flat())).toEqual(new Set(FILLERS));
    const seeds = [withFillers(), withFillers([])].map((parameters) => {
      const kernel = kernelOf(parameters);
      play(kernel, [ASK, { waitMs: 2_000 }, ASK, { waitMs: 2_000 }]);
      return kernel.context.reply?.seed;
    });
    expect(seeds[0]).toBe(seeds[1]);
  });

  it('is requested once, however long the reply takes', () => {
    expect(fillersIn(play(kernelOf(withFillers(['Well.'])), [ASK, { waitMs: 7_000 }]))).toEqual(['Well.']);
  });

  it('is requested even if a segment was sent, because only audible speech counts', () => {
    const begun: SessionEvent[] = [ASK, { type: 'llm.delta', text: 'Hello there. ' }];
    expect(fillersIn(play(kernelOf(withFillers()), [...begun, { waitMs: 1_500 }]))).toHaveLength(1);
    const sounding: SessionEvent[] = [...begun, { type: 'playout.started' }];
    expect(fillersIn(play(kernelOf(withFillers()), [...sounding, { waitMs: 1_500 }]))).toEqual([]);
  });

  it('is not requested from a failed voice', () => {
    const lost: SessionEvent = {
      type: 'xstate.error.actor.tts',
      error: { code: 'TTS_FAILED', message: 'as scripted' },
    };
    expect(fillersIn(play(kernelOf(withFillers()), [ASK, lost, { waitMs: 1_500 }]))).toEqual([]);
  });

  it('does not count as the beginning of the reply', () => {
    const kernel = kernelOf(withFillers());
    play(kernel, [
      ASK,
      { waitMs: 1_500 },
      { type: 'filler.audio', samples: 9_600 },
      { type: 'playout.started' },
    ]);
    expect(kernel.context.reply?.filler).toEqual({ text: expect.any(String), samples: 9_600 });
    expect(kernel.state).toBe('speaking');
    // given the filler and 20 ms of the reply, of which the filler was played, and one letter
    const ended = play(kernel, [
      { type: 'llm.delta', text: 'Hello there. ' },
      {
        type: 'interrupt',
        listener: {
          ...{ generation: 1, sent: 10_080, played: 9_600, heard: 0 },
          ...{ fillerAtMs: 1_500, firstAudioAtMs: 1_600, playingAtMs: 1_700 },
        },
      },
    ]).flatMap((command) =>
      command.type === 'publish' && command.message.type === 'reply.end' ? [command.message] : [],
    );
    expect(ended).toMatchObject([{ heard: '', timings: { filler: 1_500, firstAudio: 1_700 } }]);
  });
});
