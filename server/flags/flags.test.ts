import { expect, it } from 'vitest';
import { loadConfig } from '../config/load.ts';
import { FlagSource } from './flags.ts';

const flagsOf = (env: Record<string, string>, flags: Record<string, string> = {}) =>
  loadConfig({ env, flags, cwd: '/' }).flags;

it('a flag is yes, no or a percentage, and has the names of the plan in the environment', () => {
  expect(flagsOf({})).toEqual({
    ...{
      sseCore: 100,
      ttsStreaming: 100,
      bargeIn: 100,
      outbox: 100,
      memory: 100,
      speculation: 100,
      filler: 100,
    },
  });
  const env = {
    ENABLE_SYNC_CORE: '0',
    SYNC_TTS_STREAMING: 'false',
    ENABLE_LTM: '1',
    ENABLE_STREAMS_OUTBOX: '12.5%',
  };
  expect(flagsOf({ ...env, SYNC_TTS_BARGE_IN: 'no' }, { 'flags.speculation': '25 %' })).toMatchObject({
    ...{ sseCore: 0, ttsStreaming: 0, memory: 100, outbox: 12.5, bargeIn: 0, speculation: 25 },
  });
  expect(() => flagsOf({}, { 'flags.filler': '101%' })).toThrow(
    'must be yes, no or a percentage such as 25%',
  );
  expect(() => flagsOf({}, { 'flags.filler': '25' })).toThrow('flags.filler');
});

it('a share of the sessions has a step, each flag for itself, and a session that has it keeps it as the share grows', () => {
  const sessions = Array.from({ length: 4_000 }, (_, i) => `session-${i}`);
  const having = (share: string) => {
    const source = new FlagSource(flagsOf({}, { 'flags.speculation': share, 'flags.filler': share }));
    return sessions.filter((session) => source.of(session).speculation);
  };
  const [tenth, half] = [having('10%'), having('50%')];
  expect(tenth.length / sessions.length).toBeCloseTo(0.1, 1);
  expect(half.length / sessions.length).toBeCloseTo(0.5, 1);
  expect(half).toEqual(expect.arrayContaining(tenth));

  const source = new FlagSource(flagsOf({}, { 'flags.speculation': '50%', 'flags.filler': '50%' }));
  const differing = sessions.filter((session) => {
    const { speculation, filler } = source.of(session);
    return speculation !== filler;
  });
  expect(differing.length / sessions.length).toBeCloseTo(0.5, 1);
});

it('new sessions have the new flags', () => {
  const source = new FlagSource(flagsOf({}));
  expect(source.of('s').bargeIn).toBe(true);
  source.set(flagsOf({}, { 'flags.barge-in': 'no' }));
  expect(source.of('s').bargeIn).toBe(false);
});
