import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { asking, ChatAnswer } from '../../server/endpoints/chat-stream/chat-test-util.ts';
import { fencesOf } from '../docs/fences.ts';
import { withPrintedPage } from '../support/printed-client.ts';
import { parley, watched } from '../support/processes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

it('the examples of docs/how-to/http-chat.md chat with a server as it is started by default', {
  timeout: 120_000,
}, async () => {
  await withPrintedPage('how-to/http-chat.md', async ({ url, examples: [, curl = ''], run }) => {
    const stdout = await run(0, [url]);
    expect(stdout).toMatch(/^text-delta .*Parley/u);
    expect(stdout).toMatch(/done \{ stats: \{ ttft_ms: [\d.]+, tokens: \d+ \} \}\n$/u);
    const line = curl.replace('http://127.0.0.1:7400', url);
    const shown = await promisify(execFile)('sh', ['-c', line]);
    expect(shown.stdout).toMatch(/event: text-delta\ndata: .*Parley/u);
    expect(shown.stdout).toMatch(/event: done\ndata: .*\n\n$/u);
  });
});

it('the output service of docs/how-to/http-chat.md gets the speech of a chat', async () => {
  mkdirSync(join(root, 'dist'), { recursive: true });
  const folder = mkdtempSync(join(root, 'dist', 'ingest-doc-'));
  const script = fencesOf('docs/how-to/http-chat.md').find(({ code }) => code.includes('WebSocketServer'));
  writeFileSync(join(folder, 'service.mjs'), script?.code ?? '');
  const service = watched(spawn(process.execPath, ['service.mjs', '0'], { cwd: folder }));
  const [, port] = await service.line(/^listening on (\d+)$/u);
  const server = parley([
    ...['serve', '--port', '0', '--data-dir', join(folder, 'data')],
    `--ingest.url=ws://127.0.0.1:${port}/ws/ingest/tts`,
  ]);
  try {
    const [, url = ''] = await server.line(/listens on (\S+)/u);
    const answer = await ChatAnswer.post(url, asking('what is your name', { turn: 1 }));
    expect((await answer.all()).at(-1)?.event).toBe('done');
    await service.line(/^robot-1\.pcm$/u);
    expect(service.lines.find((line) => line.startsWith('the mouth is'))).toMatch(/\{ [A-Z]+: 1 \}/u);
    // More than half a second of speech.
    expect(readFileSync(join(folder, 'robot-1.pcm')).byteLength).toBeGreaterThan(24_000);
  } finally {
    await server.stop();
    await service.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});

it('the source of docs/how-to/http-chat.md is heard by a native client', async () => {
  await withPrintedPage('how-to/http-chat.md', async ({ url, run }) => {
    const client = await VoiceClient.connect({ url, clock: realClock });
    const [ready] = client.arrivals;
    const session = ready?.message.type === 'ready' ? ready.message.session : '';
    expect(await run(3, [session, `${url.replace('http', 'ws')}/ws/ingest/tts`])).toBe('');
    const end = await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: 20_000 });
    expect(end?.message).toMatchObject({ reason: 'completed', heard: '' });
    await client.close();
  });
});
