import { expect, it } from 'vitest';
import type { ChainEvent } from '../../actors/chain/mod.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { EngineMeter } from './engine-meter.ts';
import { renderReport } from './render.ts';
import { type ReportedTurn, reportOf } from './report.ts';
import type { TurnFacts } from './turn-facts.ts';
import { publishEngineCounts, takeEngineCounts } from './worker-counts.ts';

const SINCE = '2026-11-01T00:00:00.000Z';
const costs = { speechSeconds: 1, replySeconds: 2, characters: 10, tokens: 3 };

function turn(facts: Partial<TurnFacts>, at = '2026-11-22T10:15:00.000Z', session = 's'): ReportedTurn {
  return {
    ...{ session, at },
    facts: {
      ...{
        generation: 1,
        reason: 'completed',
        language: 'en',
        endpoint: 'parley-v1',
        spoken: true,
        understood: true,
      },
      ...{ stagesMs: {}, engines: {}, costs },
      ...facts,
    },
  };
}
const kpi = (turns: readonly ReportedTurn[], name: string) =>
  reportOf(turns, SINCE).total.kpis.find((one) => one.name === name);

it('times have percentiles by nearest rank, and a goal for the 95th', () => {
  const turns = Array.from({ length: 100 }, (_, i) => turn({ stagesMs: { firstAudio: i + 1 } }));
  const figures = { unit: 'ms', count: 100, p50: 50, p95: 95, p99: 99, goal: 'p95 ≤ 400', met: true };
  expect(kpi(turns, 'First audio')).toEqual({ name: 'First audio', ...figures });
  expect(kpi([turn({ stagesMs: { firstAudio: 401 } })], 'First audio')).toMatchObject({
    p50: 401,
    met: false,
  });
  expect(kpi([turn({})], 'First audio')).toEqual({
    name: 'First audio',
    unit: 'ms',
    count: 0,
    goal: 'p95 ≤ 400',
  });
});

it('rates are of what they can be of: only spoken turns can be misunderstood', () => {
  const turns = [
    turn({ reason: 'interrupted' }),
    turn({ understood: false }),
    turn({ spoken: false }),
    turn({ reason: 'failed', spoken: false }),
  ];
  expect(kpi(turns, 'Interrupted')).toMatchObject({ count: 4, value: 25 });
  expect(kpi(turns, 'Not understood')).toMatchObject({ count: 2, value: 50 });
  expect(kpi(turns, 'Failed')).toMatchObject({ count: 4, value: 25 });
});

it('groups by language, endpoint, day and hour, and adds costs', () => {
  const turns = [
    turn({ language: 'zh' }, '2026-11-21T23:59:00.000Z', 'a'),
    turn({ endpoint: 'wyoming' }, '2026-11-22T00:01:00.000Z', 'a'),
    turn({}, '2026-11-22T00:02:00.000Z', 'b'),
  ];
  const names = (by: 'language' | 'endpoint' | 'day') =>
    reportOf(turns, SINCE, by).groups.map(({ name, turns }) => [name, turns]);
  expect(names('language')).toEqual([
    ['en', 2],
    ['zh', 1],
  ]);
  expect(names('endpoint')).toEqual([
    ['parley-v1', 2],
    ['wyoming', 1],
  ]);
  expect(names('day')).toEqual([
    ['2026-11-21', 1],
    ['2026-11-22', 2],
  ]);
  const report = reportOf(turns, SINCE);
  expect(report.hours.map(({ name }) => name)).toEqual(['2026-11-21T23:00Z', '2026-11-22T00:00Z']);
  expect(report).toMatchObject({
    sessions: 2,
    total: { turns: 3, costs: { characters: 30, replySeconds: 6 } },
  });
});

it('an engine’s requests, failures, failovers and connections are in the turn that ends next', () => {
  let nowMs = 0;
  const meter = new EngineMeter(() => nowMs);
  const connections = { opened: 1, requests: 30 };
  meter.read(() => [['llm:b', connections]]);
  const event = (engine: string, of: object) =>
    meter.onChainEvent({ kind: 'llm', engine, ...of } as ChainEvent);
  event('a', { type: 'asked', reason: 'first' });
  nowMs = 100;
  event('a', { type: 'failed', error: new ParleyError('LLM_FAILED'), ms: 100, midway: false });
  nowMs = 107;
  event('b', { type: 'asked', reason: 'failed' });
  event('b', { type: 'firstByte', ms: 40 });
  const engines = meter.take();
  expect(engines).toEqual({
    'llm:a': { asked: 1, failed: 1, firstByteMs: [], failoverMs: [], opened: 0, requests: 0 },
    'llm:b': { asked: 1, failed: 0, firstByteMs: [40], failoverMs: [7], opened: 1, requests: 30 },
  });
  expect(meter.take()).toEqual({});
  connections.requests = 31;
  expect(meter.take()).toMatchObject({ 'llm:b': { asked: 0, opened: 0, requests: 1 } });

  const report = reportOf([turn({ engines })], SINCE, 'engine');
  expect(report.total.kpis).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'Failover', p95: 7, met: true }),
      expect.objectContaining({ name: 'Connections reused', count: 30, met: true }),
    ]),
  );
  expect(report.groups.map(({ name }) => name)).toEqual(['llm:a', 'llm:b']);
  expect(report.groups[0]?.kpis).toContainEqual({ name: 'Failed', unit: '%', count: 1, value: 100 });
});

it('is a table for people', () => {
  const turns = [turn({ stagesMs: { firstAudio: 420.4, llmFirstToken: 12.34 } })];
  const text = renderReport(reportOf(turns, SINCE));
  expect(text).toContain('1 turns of 1 sessions since 2026-11-01');
  expect(text).toMatch(/First audio, ms +1 +420 +420 +420 +p95 ≤ 400 +✗/u);
  expect(text).toMatch(/First token, ms +1 +12\.3 +12\.3 +12\.3 +p95 ≤ 250 +✓/u);
  expect(text).toMatch(/Barge-in, ms +0 +p95 ≤ 100\n/u);
});

it('tokens are those that models report, and engines of workers count too', async () => {
  const bus = inProcessBus({ clock: realClock });
  const clock = new VirtualClock();
  const worker = publishEngineCounts(bus, clock);
  const server = new EngineMeter(() => 0);
  takeEngineCounts(bus, server);
  let tokens = { input: 100, cached: 0, output: 10 };
  worker.meter.read(() => [['llm:openai', { opened: 1, requests: 2, tokens }]]);
  worker.meter.onChainEvent({ kind: 'llm', engine: 'openai', type: 'asked', reason: 'first' });
  await clock.advance(5_000);
  tokens = { input: 250, cached: 90, output: 25 };
  await clock.advance(5_000);
  await bus.flush();
  await clock.advance(5_000);
  await expect.poll(() => bus.counts?.().delivered).toBe(2);
  const engines = server.take();
  expect(engines).toEqual({
    'llm:openai': { asked: 1, failed: 0, firstByteMs: [], failoverMs: [], opened: 1, requests: 2, tokens },
  });
  const report = reportOf([turn({ engines })], SINCE);
  expect(report.total.costs).toMatchObject({ inputTokens: 250, cachedTokens: 90, outputTokens: 25 });
  expect(renderReport(report)).toContain('250 tokens in (90 cached), 25 out');
  worker.close();
});
