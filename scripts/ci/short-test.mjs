// The short test of an installed Parley: start, a typed turn, a spoken turn, and the journal of both.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment, run, start } from './processes.mjs';

const REPLY_MS = 30_000;

/** `parley`: the command and its first arguments, such as `['npx', 'parley']`; `serve`: the same for starting the server, without options. `node`: the Node to use. Resolves with the seconds from the start of the server until it listened and until its first spoken reply.
 */
export async function shortTest({ node, cwd, parley, serve = [...parley, 'serve'], wav }) {
  const { VoiceClient } = await import('../../dist/server/client/voice-client.js');
  const { realClock } = await import('../../dist/adapters/real-clock.js');
  const data = mkdtempSync(join(tmpdir(), 'parley-short-'));
  const env = environment(node);
  const [command, ...first] = parley;
  const call = (...args) => run(command, [...first, ...args], { cwd, env });
  const startedMs = performance.now();
  const seconds = () => (performance.now() - startedMs) / 1_000;
  const [starter, ...startArgs] = serve;
  const server = start(starter, [...startArgs, '--port', '0', '--data-dir', data], { cwd, env });
  try {
    const [url] = await server.line(/http:\/\/127\.0\.0\.1:\d+/);
    const listensS = seconds();
    const talking = start(
      command,
      [...first, 'talk', wav, '--json', '--url', url, '--out', join(data, 'reply.wav')],
      {
        cwd,
        env,
      },
    );
    await talking.line(/"type":"state","value":"speaking"/);
    const spokenS = seconds();
    assert.equal(await talking.ended, 0, talking.output());
    assertTurn(talking.output());
    assert.ok(statSync(join(data, 'reply.wav')).size > 20_000, 'the spoken reply has audio');

    const client = await VoiceClient.connect({ url, clock: realClock });
    client.send({ type: 'text', text: 'hello' });
    const end = await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: REPLY_MS });
    assert.equal(end?.message.reason, 'completed', 'the typed turn has a reply');
    assert.notEqual(end.message.heard, '');
    await client.close();

    await server.stop();
    const sessions = (await call('journal', 'list', '--json', '--data-dir', data)).trim().split('\n');
    assert.equal(sessions.length, 2, 'both sessions are in the journal');
    await call('replay', '--all', '--data-dir', data);
    return { listensS, spokenS };
  } catch (error) {
    throw new Error(`${error.message}\n--- server:\n${server.output()}`, { cause: error });
  } finally {
    if (server.child.exitCode === null && server.child.signalCode === null) await server.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

/** Checks the lines of `parley talk --json`: speech was understood, and its reply was completed. */
function assertTurn(output) {
  const messages = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const heard = messages.find(({ type, final, text }) => type === 'transcript' && final && text !== '');
  assert.ok(heard, `something was understood:\n${output}`);
  const end = messages.find(({ type }) => type === 'reply.end');
  assert.equal(end?.reason, 'completed', `the spoken turn has a reply:\n${output}`);
}
