import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../machines/journal/record.ts';
import { parseJournalText } from '../web/inspect/model/journal-text.ts';
import { drawn } from '../web/inspect/timeline/drawing.ts';
import { Lane } from '../web/inspect/timeline/lane.ts';
import { TimelineModel } from '../web/inspect/timeline/model.ts';
import { percentile } from '../web/inspect/timeline/turns.ts';

function golden(name: string): readonly JournalRecord[] {
  const url = new URL(`./golden/${name}.jsonl`, import.meta.url);
  return parseJournalText(readFileSync(url, 'utf8'), name).records;
}

function modelOf(name: string): TimelineModel {
  const model = new TimelineModel();
  model.append(golden(name));
  return model;
}

function record(t: number, event: object, commands: readonly object[] = [], stale = false): JournalRecord {
  return {
    ...{ record: t, seq: t, t, source: 'client', generation: 1, stale, change: '[]' },
    ...{ event: JSON.stringify(event), commands: JSON.stringify(commands) },
    ...{ stateHash: '', commandsHash: '' },
  };
}

/** The lanes as sentences. */
function told({ items }: Lane): readonly string[] {
  return items.map(({ from, to, kind, label }) => `${from}-${to ?? ''} ${kind}: ${label}`);
}

const state = (value: string, generation = 1) => ({
  type: 'publish',
  message: { type: 'state', value, turn: 1, generation, seq: 1, at: 0 },
});
const publish = (message: object) => ({ type: 'publish', message });

describe('the timeline', () => {
  it('shows the states of a session one after the other, without a gap', () => {
    const { items } = modelOf('spoken').state;
    expect(items.length).toBeGreaterThan(3);
    expect(items[0]).toMatchObject({ from: 0, kind: 'idle' });
    expect(items.map(({ to }) => to).slice(0, -1)).toEqual(items.map(({ from }) => from).slice(1));
    expect(items.at(-1)).toMatchObject({ kind: 'ended' });
  });

  it('shows a filler among the segments, and whether it was said', () => {
    const { items } = modelOf('filler').segments;
    expect(items[0]).toMatchObject({ kind: 'segment', label: 'filler: Let me see.' });
    const model = new TimelineModel();
    const filler = { type: 'send', child: 'tts', message: { type: 'filler', text: 'Hm.' } };
    model.append([
      record(1, { type: 'xstate.after.fillerDelay.thinking' }, [filler]),
      record(2, { type: 'filler.audio', samples: 0 }),
    ]);
    expect(told(model.segments)).toEqual(['1-2 dropped: filler: Hm.']);
  });

  it('shows beside the conversation what the ear made of sounds, and each region that left its first state', () => {
    const model = new TimelineModel();
    const regions = (t: number, change: object[]) => ({
      ...record(t, { type: 'body' }),
      change: JSON.stringify(change),
    });
    const playback = (value: string) => publish({ type: 'playback', generation: 1, state: value });
    const rejected = { nearest: 'turn left', confidence: 0.2, reason: 'unlike' };
    expect(model.lanes.map(({ name }) => name)).not.toContain('ear');
    model.append([
      record(100, { type: 'speech.hint', sample: 0, ageMs: 40 }, [playback('ducked')]),
      record(200, { type: 'speech.start', sample: 0, ageMs: 100 }, [playback('paused')]),
      regions(300, [['regions', { body: 'moving' }]]),
      record(400, { type: 'xstate.done.actor.stt', output: { text: '' } }, [
        publish({ type: 'transcript', turn: 1, text: '', final: true, rejected }),
        playback('playing'),
      ]),
      regions(500, [['regions', { body: 'moving', attention: 'asleep' }]]),
      regions(600, [['regions']]),
    ]);
    const shown = Object.fromEntries(model.lanes.map((lane) => [lane.title, told(lane)]));
    expect(shown).toMatchObject({
      ear: [
        '60-60 hint: may be speech',
        '100-200 ducked: reply ducked',
        '400-400 rejected: rejected (unlike), nearest: turn left',
      ],
      body: ['300-600 moving: moving'],
      attention: ['500-600 asleep: asleep'],
    });
  });

  it('shows live what became of the robot’s own voice', () => {
    const model = new TimelineModel();
    const ear = (at: number, echo?: object) =>
      ({ at, levelDb: -30, speech: 0, ...(echo && { echo }) }) as never;
    model.addEar([
      ear(200),
      ear(400, { removedDb: 0, passed: 0 }),
      ear(600, { delayMs: 140, removedDb: 20, passed: 0 }),
      ear(800, { delayMs: 141, removedDb: 25, passed: 0 }),
      ear(1_000, { delayMs: 141, removedDb: 3, passed: 0.9 }),
      ear(1_200),
    ]);
    expect(model.lanes.filter(({ name }) => name === 'echo').flatMap(told)).toEqual([
      '200-400 looking: looks for an echo',
      '400-800 own: echo after 141 ms, own voice: up to −25 dB',
      '800-1000 another: echo after 141 ms, another voice passes: up to −3 dB',
    ]);
  });

  it('ends the life of every child as it ended', () => {
    const { lanes } = modelOf('barge-in');
    const children = lanes.filter(({ name }) => ['stt', 'llm', 'tts', 'playback', 'actions'].includes(name));
    const lives = children.flatMap(({ items }) => items);
    expect(lives.length).toBeGreaterThan(8);
    expect(lives.filter(({ to }) => to === undefined)).toEqual([]);
    expect(new Set(lives.map(({ kind }) => kind))).toEqual(new Set(['done', 'cancelled']));
  });

  it('comes out the same whether records come at once or one by one', () => {
    const gradual = new TimelineModel();
    for (const one of golden('barge-in')) gradual.append([one]);
    const whole = modelOf('barge-in');
    expect(gradual.lanes.map(told)).toEqual(whole.lanes.map(told));
    expect(gradual.turns).toEqual(whole.turns);
  });

  it('measures a barge-in from the first sound to the pause and from the pause to the end of the reply', () => {
    const model = new TimelineModel();
    model.append([
      record(100, { type: 'playout.started' }, [state('speaking')]),
      record(500, { type: 'speech.start', sample: 0, ageMs: 96 }, [
        publish({ type: 'playback', generation: 1, state: 'paused' }),
      ]),
      record(700, { type: 'transcript.partial', text: 'wait' }, [
        publish({ type: 'flush', generation: 1 }),
        publish({ type: 'reply.end', turn: 1, generation: 1, reason: 'interrupted', heard: '', timings: {} }),
      ]),
    ]);
    expect(told(model.bargeIns)).toEqual([
      '404-700 confirmed: barge-in, confirmed after 200 ms; paused 96 ms after the first sound',
    ]);
    expect(told(model.playout)).toEqual(['100-500 playing: playing', '500-700 paused: paused']);
  });

  it('shows a backchannel as none, and the reply going on', () => {
    const model = new TimelineModel();
    model.append([
      record(100, { type: 'playout.started' }),
      record(500, { type: 'speech.start', ageMs: 0 }, [
        publish({ type: 'playback', generation: 1, state: 'paused' }),
      ]),
      record(900, { type: 'speech.stop' }, [publish({ type: 'playback', generation: 1, state: 'playing' })]),
    ]);
    expect(told(model.bargeIns)).toEqual([
      '500-900 went-on: no barge-in: the reply resumed after 400 ms; paused 0 ms after the first sound',
    ]);
    expect(told(model.playout).at(-1)).toBe('900- playing: playing');
  });

  it('shows what came from children of the past as stale, and nothing else of it', () => {
    const model = new TimelineModel();
    model.append([record(5, { type: 'playout.started' }, [], true)]);
    expect(told(model.stale)).toEqual(['5-5 stale: playout.started, of generation 1']);
    expect(model.playout.items).toEqual([]);
  });

  it('takes journals of other versions, with what it does not know', () => {
    const model = new TimelineModel();
    model.append([
      record(1, { type: 7 }, [{ type: 'publish' }, { type: 'spawn', child: 'toString' }, { type: 'stop' }]),
      record(2, { type: 'segment.ready' }, [publish({ type: 'reply.end', timings: { stt: 'x' } })]),
    ]);
    expect(model.turns).toMatchObject([{ turn: 0, timings: {} }]);
  });

  it('shows the stages of each turn, and of most turns', () => {
    const { turns } = modelOf('spoken');
    expect(turns.length).toBeGreaterThan(0);
    const [turn] = turns;
    expect(turn?.reason).toBe('completed');
    const values = turns.flatMap(({ timings }) => timings.firstAudio ?? []).sort((a, b) => a - b);
    expect(percentile(turns, 'firstAudio', 0.95)).toBe(values.at(-1));
    expect(percentile([], 'stt', 0.5)).toBeUndefined();
  });
});

describe('a lane', () => {
  it('gives overlapping items rows of their own, up to three', () => {
    const lane = new Lane('robot', 'robot');
    const open = [1, 2, 3, 4].map((from) =>
      lane.add({ from, to: undefined, kind: '', label: '', record: from }),
    );
    expect(open.map(({ row }) => row)).toEqual([0, 1, 2, 2]);
    const [first] = open;
    if (first) lane.end(first, 5);
    expect(lane.add({ from: 6, to: 7, kind: '', label: '', record: 6 }).row).toBe(0);
  });

  it('finds what is in sight: what began before it and what still lasts included', () => {
    const lane = new Lane('x', 'x');
    lane.add({ from: 0, to: undefined, kind: '', label: 'lasting', record: 0 });
    lane.add({ from: 10, to: 500, kind: '', label: 'long', record: 1 });
    lane.add({ from: 20, to: 30, kind: '', label: 'gone', record: 2 });
    lane.mark(450, '', 'mark', 3);
    lane.mark(700, '', 'later', 4);
    expect([...lane.visible(400, 600)].map(({ label }) => label)).toEqual(['lasting', 'long', 'mark']);
  });

  it('draws no more than can be seen, however many items there are', () => {
    const lane = new Lane('x', 'x');
    for (let at = 0; at < 50_000; at++) lane.mark(at, '', '', at);
    expect(drawn(lane, { from: 0, to: 50_000 }, 800).length).toBeLessThanOrEqual(400);
    expect(drawn(lane, { from: 100, to: 110 }, 800).length).toBe(11);
  });
});
