import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { openaiServer } from '../../testing/loopback/openai-server.ts';
import { startNatsServer } from '../../testing/nats-server.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { lockDatabase, ONLY_TYPED, type ParleyProcess, parley } from '../support/processes.ts';

const PATIENCE_MS = 30_000;
/** Documented time limit for Ctrl-C, in ms. */
const CTRL_C_MS = 2_000;

let dataDir: string;
beforeEach(async () => {
  dataDir = await temporaryFolder();
});

function start(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): ParleyProcess {
  const server = parley(['serve', '--port', '0', '--data-dir', dataDir, ...args], env);
  afterTest(() => server.kill());
  return server;
}

/** A client with a running reply, in the state `value`. */
async function talking(server: ParleyProcess, value: string): Promise<VoiceClient> {
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  const client = await VoiceClient.connect({ url, clock: realClock });
  afterTest(() => client.close());
  client.send({ type: 'text', text: 'tell me a story' });
  const arrived = await client.waitFor((message) => message.type === 'state' && message.value === value, {
    timeoutMs: PATIENCE_MS,
  });
  expect(arrived).toBeDefined();
  return client;
}

/** Sends the signals; resolves with how the process ended and the time it took, in ms. */
async function signalled(server: ParleyProcess, ...signals: NodeJS.Signals[]) {
  const startMs = performance.now();
  for (const signal of signals) process.kill(server.pid, signal);
  const code = await server.exited;
  return { code, ms: performance.now() - startMs };
}

/** Resolves when records wait for the store, and so its thread for the lock. */
async function recordsWait(server: ParleyProcess): Promise<void> {
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  for (let seen = 0; seen < 3; ) {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    seen = /^parley_store_waiting_records [1-9]/mu.test(metrics) ? seen + 1 : 0;
  }
}

/** Log lines of level warn and above. */
function warnings(server: ParleyProcess): string[] {
  return server.lines.filter((line) => /"level":[4-6]0/u.test(line));
}

describe('Ctrl-C', () => {
  it('ends a server with a live session within two seconds, without a warning', async () => {
    const server = start();
    const client = await talking(server, 'speaking');
    const { code, ms } = await signalled(server, 'SIGINT');
    expect(ms).toBeLessThan(CTRL_C_MS);
    expect(code).toBe(0);
    expect(warnings(server)).toEqual([]);
    expect(await client.closed).toBe(4503);
  });

  it('ends it while an engine hangs', async () => {
    const engine = await openaiServer({ chat: () => [{ do: 'hang' }] });
    afterTest(() => engine.close());
    const server = start([
      ...ONLY_TYPED,
      '--engines.llm=hung',
      `--llm.servers=${JSON.stringify({ hung: { baseURL: engine.baseURL } })}`,
    ]);
    await talking(server, 'processing');
    const { code, ms } = await signalled(server, 'SIGINT');
    expect(ms).toBeLessThan(CTRL_C_MS);
    expect(code).toBe(0);
  });

  it('ends it while the broker hangs', async () => {
    const nats = await startNatsServer();
    const server = start(ONLY_TYPED, { NATS_URL: nats.url });
    await talking(server, 'speaking');
    process.kill(nats.pid, 'SIGSTOP');
    afterTest(async () => {
      process.kill(nats.pid, 'SIGCONT');
      await nats.stop();
    });
    const { ms } = await signalled(server, 'SIGINT');
    expect(ms).toBeLessThan(CTRL_C_MS);
  });

  it.each([
    ['', false],
    [', also after SIGTERM', true],
  ])(
    'ends it while its store waits for the lock of another process%s',
    async (_after, terminated) => {
      const server = start(ONLY_TYPED);
      const client = await talking(server, 'speaking');
      const lock = await lockDatabase(join(dataDir, 'parley.db'));
      afterTest(() => lock.release());
      client.send({ type: 'interrupt' });
      await recordsWait(server);
      if (terminated) {
        process.kill(server.pid, 'SIGTERM');
        await server.line(/SIGTERM, ending the sessions/u);
      }
      const { code, ms } = await signalled(server, 'SIGINT');
      expect(ms).toBeLessThan(CTRL_C_MS);
      // Not a signal: better-sqlite3 12 aborts if its thread is terminated in a statement.
      expect(code).toBeTypeOf('number');
      // An error in the log is JSON, and its stack may name an AbortController.
      const printed = server.lines.filter((line) => !line.startsWith('{'));
      expect(printed.filter((line) => /FATAL|Abort/u.test(line))).toEqual([]);
    },
    60_000,
  );

  it('ends it at once during the start, and at once on the second signal', async () => {
    const starting = start();
    await starting.line(/loading the speech engines/u);
    const first = await signalled(starting, 'SIGINT');
    expect(first.code).toBe(130);
    expect(first.ms).toBeLessThan(CTRL_C_MS);

    const server = start(ONLY_TYPED);
    await talking(server, 'speaking');
    process.kill(server.pid, 'SIGTERM');
    await server.line(/SIGTERM, ending the sessions/u);
    const second = await signalled(server, 'SIGINT');
    expect(second.code).toBe(130);
    expect(second.ms).toBeLessThan(CTRL_C_MS);
  });
});

it('SIGTERM lets a reply finish, without a warning about the broker', async () => {
  const nats = await startNatsServer({ args: ['-js', '-sd', await temporaryFolder()] });
  afterTest(() => nats.stop());
  const server = start([], { NATS_URL: nats.url });
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  const client = await VoiceClient.connect({ url, clock: realClock });
  client.send({ type: 'text', text: 'hello' });
  await client.waitFor((message) => message.type === 'state' && message.value === 'speaking', {
    timeoutMs: PATIENCE_MS,
  });
  process.kill(server.pid, 'SIGTERM');
  const end = await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: PATIENCE_MS });
  expect(end?.message).toMatchObject({ reason: 'completed' });
  await client.close();
  expect(await server.exited).toBe(0);
  expect(warnings(server)).toEqual([]);
});
