import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { withPrintedPage } from '../support/printed-client.ts';

it('the examples of docs/chat-stream.md chat with a server as it is started by default', {
  timeout: 120_000,
}, async () => {
  await withPrintedPage('chat-stream.md', async ({ url, examples: [, curl = ''], run }) => {
    const stdout = await run(0, url);
    expect(stdout).toMatch(/^text-delta .*Parley/u);
    expect(stdout).toMatch(/done \{ stats: \{ ttft_ms: [\d.]+, tokens: \d+ \} \}\n$/u);
    const line = curl.replace('http://127.0.0.1:7400', url);
    const shown = await promisify(execFile)('sh', ['-c', line]);
    expect(shown.stdout).toMatch(/event: text-delta\ndata: .*Parley/u);
    expect(shown.stdout).toMatch(/event: done\ndata: .*\n\n$/u);
  });
});
