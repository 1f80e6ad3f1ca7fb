import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withPrintedPage } from '../support/printed-client.ts';

it('the example of docs/how-to/openai-realtime.md talks to a server as it is started by default', {
  timeout: 120_000,
}, async () => {
  await withPrintedPage('how-to/openai-realtime.md', async ({ url, folder, run }) => {
    expect(await run(0, [`${url.replace('http', 'ws')}/v1/realtime`])).toMatch(/Parley/u);
    // More than half a second of speech.
    expect(readFileSync(join(folder, 'answer.pcm')).byteLength).toBeGreaterThan(24_000);
  });
});

it('the example of docs/how-to/openai-realtime.md for openai talks to a server with a certificate of its own', {
  timeout: 120_000,
}, async () => {
  await withPrintedPage(
    'how-to/openai-realtime.md',
    async ({ url, run }) => expect(await run(1, [`${url}/v1`])).toMatch(/Parley/u),
    { tls: true },
  );
});
