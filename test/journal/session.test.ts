import { describe, expect, it } from 'vitest';
import { sha256 } from '../../adapters/store/sha256.ts';
import { ParleyError } from '../../machines/errors.ts';
import { replayJournal } from '../../machines/journal/replay.ts';
import { SessionKernel } from '../../machines/kernel.ts';
import type { LogEntry } from '../../machines/log.ts';
import { scriptedLlm } from '../../testing/scripted-engines.ts';
import { converse, MemoryJournals, Talk } from './harness.ts';

const moves = (clock: Parameters<typeof scriptedLlm>[0]) =>
  scriptedLlm(clock, () => ({
    text: 'I go forward.',
    actions: [{ type: 'action', id: 'a1', name: 'go-forward', args: {} }],
  }));

/** An action port that records its requests. */
function robot() {
  const ran: string[] = [];
  return {
    ran,
    port: {
      run: async ({ name }: { name: string }) => {
        ran.push(name);
        return null;
      },
    },
  };
}

describe('a journaled session', () => {
  it('records every event before its first command is carried out', async () => {
    const store = new MemoryJournals();
    const late: LogEntry[] = [];
    const talk = await Talk.open({
      store,
      onLog: (entry) => {
        if (entry.type === 'command' && (store.records.at(-1)?.seq ?? -1) < entry.seq) late.push(entry);
      },
    });
    await converse(talk);
    expect(late).toEqual([]);
    expect(store.records.length).toBeGreaterThan(100);
    expect(store.ended).toBe(true);
  });

  it('delays only actions until their record is on disk', async () => {
    const store = new MemoryJournals();
    const { ran, port } = robot();
    const talk = await Talk.open({ store, llm: moves, actions: port });
    const { release } = store.hold();
    talk.send({ type: 'text', text: 'go forward' });
    await talk.wait(2_000);
    expect(talk.of('reply').length).toBeGreaterThan(0);
    expect(talk.of('state').map(({ value }) => value)).toContain('speaking');
    expect({ ran, told: talk.of('action') }).toEqual({ ran: [], told: [] });

    release();
    await talk.wait(100);
    expect(ran).toEqual(['go-forward']);
    await talk.end();
    expect(talk.of('action').map(({ status }) => status)).toEqual(['started', 'done']);
  });

  it('refuses actions when the store has failed, reports it once, and continues the conversation', async () => {
    const store = new MemoryJournals();
    const { ran, port } = robot();
    const talk = await Talk.open({ store, llm: moves, actions: port });
    store.hold().fail(new ParleyError('STORE_FAILED', 'disk full'));
    for (const text of ['go forward', 'and again']) {
      talk.send({ type: 'text', text });
      await talk.wait(6_000);
    }
    await talk.end();
    expect(ran).toEqual([]);
    expect(talk.of('action').map(({ status }) => status)).toEqual(['failed', 'failed']);
    expect(talk.of('reply.end').map(({ heard }) => heard)).toEqual(['I go forward.', 'I go forward.']);
    const codes = talk.of('error').map(({ code }) => code);
    expect(codes).toEqual(['STORE_FAILED', 'ACTION_FAILED', 'ACTION_FAILED']);
    expect(talk.problems.map(({ message }) => message)).toEqual(['the store failed: disk full']);
  });

  it('never starts an action that was interrupted while it waited', async () => {
    const store = new MemoryJournals();
    const { ran, port } = robot();
    const talk = await Talk.open({ store, llm: moves, actions: port });
    const { release } = store.hold();
    talk.send({ type: 'text', text: 'go forward' });
    await talk.wait(1_000);
    talk.send({ type: 'halt' });
    await talk.wait(10);
    release();
    await talk.wait(1_000);
    await talk.end();
    expect(ran).toEqual([]);
    expect(talk.of('action').map(({ status }) => status)).toEqual(['cancelled']);
  });

  it('shows no progress of an action that the client was not asked to begin', async () => {
    const store = new MemoryJournals();
    const talk = await Talk.open({ store, llm: moves, textOnly: true });
    const { release } = store.hold();
    talk.send({ type: 'text', text: 'go forward' });
    await talk.wait(1_000);
    const report = { type: 'action.result', id: '1-a1' } as const;
    talk.send({ ...report, status: 'progress' });
    release();
    await talk.wait(10);
    talk.send({ ...report, status: 'progress' });
    talk.send({ ...report, status: 'done' });
    await talk.end();
    expect(talk.of('action').map(({ status }) => status)).toEqual(['started', 'progress', 'done']);
  });

  it('in text with reported results replays from its journal', async () => {
    const store = new MemoryJournals();
    const talk = await Talk.open({ store, llm: moves, textOnly: true });
    for (const [turn, status] of [
      [1, 'failed'],
      [2, 'done'],
    ] as const) {
      talk.send({ type: 'text', text: 'go forward' });
      await talk.wait(2_000);
      talk.send({
        type: 'action.result',
        id: `${turn}-a1`,
        status,
        message: 'as it is',
        data: { b: 1, a: [2] },
      });
      await talk.wait(100);
    }
    await talk.end();
    const journal = store.journal();
    expect(journal.header.input).toMatchObject({ output: 'text', results: true });
    const kernel = new SessionKernel(journal.header.parameters, journal.header.input);
    expect(replayJournal(journal, { kernel, sha256 })).not.toHaveProperty('difference');
    expect(kernel.context.history.at(-1)).toMatchObject({
      actions: [{ id: '2-a1', result: { status: 'done', message: 'as it is', data: { b: 1, a: [2] } } }],
    });
  });

  it('keeps the audio of user and replies, sample for sample, only if configured', async () => {
    const [none, all] = [new MemoryJournals(), new MemoryJournals()];
    await converse(await Talk.open({ store: none }));
    let frames = 0;
    let firstGeneration = 0;
    const onLog = (entry: LogEntry) => {
      if (entry.type !== 'frame') return;
      frames += entry.samples;
      firstGeneration ||= entry.generation;
    };
    await converse(await Talk.open({ store: all, audio: 'all', onLog }));
    expect(none.audio).toEqual([]);
    const of = (direction: 'in' | 'out') => all.audio.filter((piece) => piece.direction === direction);
    const length = (pieces: readonly { samples: Int16Array }[]) =>
      pieces.reduce((sum, { samples }) => sum + samples.length, 0);
    expect(length(of('out'))).toBe(frames);
    expect(length(of('in'))).toBe(16 * (200 + 600 + 8_000 + 1_500 + 900 + 6_000));
    let next = 0;
    for (const { sample, samples } of of('in')) {
      expect(sample).toBe(next);
      next += samples.length;
    }
    expect(of('out')[0]).toMatchObject({ generation: firstGeneration, sample: 0, rate: 24_000 });
  });
});
