import { describe, expect, it } from 'vitest';
import { sessionMachine } from '../../../machines/session/machine.ts';
import { PUBLIC_STATES } from '../../../machines/wire.ts';
import { conversationChart, mapOf, sessionMap } from './chart-map.ts';

const written = conversationChart(sessionMachine);
const map = sessionMap();

describe('the map', () => {
  it('has every state of the machine, as it is, and no other', () => {
    const firsts = new Set(written.states.map(({ initial }) => initial));
    const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
    const drawn = [...map.states.values()].map(({ path, name, kind, invokes, first }) => ({
      path,
      name,
      kind,
      invokes,
      first,
    }));
    expect(drawn.sort(byPath)).toEqual(
      written.states
        .filter(({ path }) => path !== '')
        .map(({ path, name, kind, invokes }) => ({ path, name, kind, invokes, first: firsts.has(path) }))
        .sort(byPath),
    );
  });

  it('draws each state once: as a public state, in one, as the frame, as a lane or in one', () => {
    const drawn = [
      ...map.nodes.flatMap(({ path, inner }) => [path, ...inner.map((state) => state.path)]),
      map.frame.path,
      ...map.frame.lanes.flatMap(({ path, inner }) => [path, ...inner.map((state) => state.path)]),
    ];
    expect(drawn.sort()).toEqual([...map.states.keys()].sort());
  });

  it('has every transition of the machine, with its event, guard and targets, and no other', () => {
    expect(map.transitions.map(({ from: _, to: __, ...transition }) => transition)).toEqual(
      written.transitions,
    );
  });

  it('begins with the six public states, in the order of a conversation', () => {
    expect(PUBLIC_STATES).toEqual(['idle', 'listening', 'processing', 'speaking', 'stopped', 'ended']);
    expect(map.nodes.map(({ state }) => state)).toEqual(PUBLIC_STATES);
  });

  it('has a lane for each region of the parallel state, as a reply flows through them', () => {
    expect(map.frame.lanes.map(({ name }) => name)).toEqual(['llm', 'tts', 'playback', 'actions', 'phase']);
    expect(map.frame.lanes.filter(({ holds }) => holds.length > 0)).toMatchObject([
      { name: 'phase', holds: ['processing', 'speaking'] },
    ]);
  });

  it('puts a state beside the public ones into the one that a client is shown meanwhile', () => {
    const processing = map.nodes.find(({ state }) => state === 'processing');
    expect(processing?.inner.map(({ name }) => name)).toEqual(expect.arrayContaining(['acting', 'done']));
  });

  it('knows between which public states a transition leads', () => {
    const ends = (id: string) => {
      const { from, to } = map.transitions.find((one) => one.id === id) ?? {};
      return { from, to };
    };
    expect(ends('idle · speech.start')).toEqual({ from: ['idle'], to: 'listening' });
    expect(ends('idle · text')).toEqual({ from: ['idle'], to: 'processing' });
    expect(ends('(root) · bye')).toEqual({
      from: ['idle', 'listening', 'processing', 'speaking', 'stopped'],
      to: 'ended',
    });
    expect(ends('responding · text')).toEqual({ from: ['processing', 'speaking'], to: 'processing' });
    expect(ends('responding.phase.acting · speech.start')).toEqual({ from: ['processing'], to: 'speaking' });
    expect(ends('responding.llm.running · done llm #2')).toEqual({
      from: ['processing', 'speaking'],
      to: null,
    });
    expect(ends('responding.llm.running.streaming · llm.action #1')).toEqual({
      from: ['processing', 'speaking'],
      to: 'stopped',
    });
  });

  it('refuses a machine that it has no place for', () => {
    const { states, transitions } = written;
    expect(() => mapOf({ states: states.filter(({ name }) => name !== 'idle'), transitions })).toThrow(
      /no state/u,
    );
    const twice = states.map((state) => (state.name === 'quiet' ? { ...state, name: 'idle' } : state));
    expect(() => mapOf({ states: twice, transitions })).toThrow(/several states/u);
  });
});
