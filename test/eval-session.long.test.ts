import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { realClock } from '../adapters/real-clock.ts';
import { main } from '../server/cli.ts';
import { VoiceClient } from '../server/client/voice-client.ts';
import type { Rehearing } from '../testing/mod.ts';
import { parley } from './support/processes.ts';
import { concat, silence, speak } from './support/speech.ts';

const DEAF = ['--set', 'vad.startEvidenceMs=60000', '--set', 'vad.hintEvidenceMs=60000'];

let printed: string[];
beforeEach(() => {
  printed = [];
  for (const method of ['log', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((line: unknown) => void printed.push(String(line)));
});
afterEach(() => {
  vi.restoreAllMocks();
});

function run(...args: string[]): Promise<number> {
  printed = [];
  return main(args);
}

async function rehearing(...args: string[]): Promise<Rehearing> {
  expect(await run('eval', '--json', ...args)).toBe(0);
  return JSON.parse(printed.join(''));
}

/** What was said, of each kind in the order of one of the two sessions. */
function said({ moments }: Rehearing, side: 'recordedMs' | 'nowMs'): readonly (readonly string[])[] {
  return ['speech', 'transcript', 'reply.end'].map((wanted) =>
    moments
      .filter((moment) => moment[side] !== undefined && moment.kind === wanted)
      .sort((a, b) => (a[side] ?? 0) - (b[side] ?? 0))
      .map(({ what }) => what),
  );
}

describe('a session recorded by a server, heard again', () => {
  let folder: string;
  let dataDir: string;
  let session: string;
  let file: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-eval-'));
    dataDir = join(folder, 'data');
    const server = parley(['serve', '--port', '0', '--data-dir', dataDir, '--journal.audio', 'input']);
    const [, url = ''] = await server.line(/listens on (\S+)/u);
    const client = await VoiceClient.connect({ url, clock: realClock });
    const ready = client.arrivals.map(({ message }) => message).find(({ type }) => type === 'ready');
    session = ready?.type === 'ready' ? ready.session : '';
    const ended = (reason: string) =>
      client.waitFor((message) => message.type === 'reply.end' && message.reason === reason, {
        timeoutMs: 30_000,
      });
    await client.say(concat(silence(500), speak('what is your name'), silence(1_500)));
    await ended('completed');
    client.send({ type: 'text', text: 'tell me a story' });
    await client.waitFor((message) => message.type === 'state' && message.value === 'speaking', {
      timeoutMs: 30_000,
    });
    await client.say(concat(silence(1_500), speak('turn left'), silence(1_000)));
    await ended('interrupted');
    const since = client.arrivals.length;
    await client.waitFor((message) => message.type === 'reply.end', { since, timeoutMs: 30_000 });
    // Time for a session that is slower.
    await client.wait(2_000);
    await client.close();
    await server.stop();
    file = join(folder, 'talk.jsonl');
    expect(
      await main(['journal', 'export', session, '--audio', '--data-dir', dataDir, '--output', file]),
    ).toBe(0);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is understood in the same way, from the data directory and from a file, each time', async () => {
    const report = await rehearing('--session', session, '--data-dir', dataDir);
    expect(said(report, 'nowMs')).toEqual(said(report, 'recordedMs'));
    expect(said(report, 'nowMs')[1]).toEqual(['what is your name', 'turn left']);
    // Whether a hint comes before a start depends on where the word falls in a window: on the client's clock.
    expect(said(report, 'recordedMs')[0]?.filter((what) => what !== 'hint')).toEqual([
      ...['start', 'stop'],
      ...['start', 'stop'],
    ]);
    expect(report.kinds.find(({ kind }) => kind === 'speech')).toMatchObject({ onlyRecorded: 0, onlyNow: 0 });
    expect(await rehearing('--session', file)).toEqual(report);
  });

  it('parts where other parameters decide otherwise', async () => {
    const deaf = await rehearing('--session', file, ...DEAF);
    expect(said(deaf, 'nowMs').slice(0, 2)).toEqual([[], []]);
    expect(deaf.partAtMs).toBe(deaf.moments.find(({ nowMs }) => nowMs === undefined)?.recordedMs);
    const patient = await rehearing('--session', file, '--set', 'endpointing.completeDelayMs=900');
    const at = (what: string) => patient.moments.find((moment) => moment.what === what)?.nowMs ?? 0;
    // Rounded: the times are sums of fractions of a ms.
    expect(Math.round(at('processing') - at('stop'))).toBeGreaterThanOrEqual(900);
    expect(await run('eval', '--session', file, ...DEAF)).toBe(0);
    expect(printed.join('\n')).toMatch(/They part at \d+\.\d\d s:\n +\d+\.\d\d s {2}recorded {2}speech/u);
  });

  it('says what is missing', async () => {
    expect(await run('eval', '--session', 'unknown', '--data-dir', dataDir)).toBe(1);
    expect(printed.join('\n')).toMatch(/SESSION_UNKNOWN/);
    const silent = join(folder, 'silent.jsonl');
    await main(['journal', 'export', session, '--data-dir', dataDir, '--output', silent]);
    expect(await run('eval', '--session', silent)).toBe(1);
    expect(printed.join('\n')).toMatch(/JOURNAL_NO_AUDIO/);
  });
});
