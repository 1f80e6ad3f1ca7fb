import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../server/conformance/kit.ts';
import { faultyServer, SERVER_FAULTS } from '../support/faulty-server.ts';
import { type ParleyProcess, parley } from '../support/processes.ts';
import { speak } from '../support/speech.ts';

const TOKEN = 'an open secret';
const phrases = { short: 'hello', long: 'tell me a story', action: 'go forward' };
const faults = Object.entries(SERVER_FAULTS).map(([fault, { found }]) => [fault, ...found] as const);

describe('the conformance kit, for servers', () => {
  let server: ParleyProcess;
  let url = '';
  beforeAll(async () => {
    const data = mkdtempSync(join(tmpdir(), 'parley-test-'));
    server = parley(['serve', '--port', '0', '--data-dir', data, '--token', TOKEN]);
    const [, http = ''] = await server.line(/listens on (\S+)/u);
    url = http.replace('http', 'ws');
  });
  afterAll(() => server.stop());

  // The whole kit: server-whole-kit.long.test.ts.
  it('passes one that keeps the protocol', async () => {
    const only = ['readyz', 'ready', 'typed-turn', 'text-only', 'ping'];
    const speech = async () => speak('hello', { voice: 'en-us' });
    const outcomes = await testServer({ url, token: TOKEN, phrases, speech }, { only });
    expect(outcomes.map(({ name, result }) => [name, result])).toEqual(only.map((name) => [name, 'passed']));
  });

  it.concurrent.each(faults)('names the fault "%s": %s', async (fault, check, reason) => {
    const faulty = await faultyServer(url, fault);
    const speech = async () => speak('what is your name', { voice: 'en-us' });
    const outcomes = await testServer({ url: faulty.url, token: TOKEN, phrases, speech }, { only: [check] });
    faulty.close();
    expect(outcomes).toMatchObject([
      { name: check, result: 'failed', reason: expect.stringContaining(reason) },
    ]);
  });
});
