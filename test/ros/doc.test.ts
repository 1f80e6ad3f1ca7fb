import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withPrintedPage } from '../support/printed-client.ts';

it('the examples of docs/ros.md talk and move with a server as it is started by default', {
  timeout: 120_000,
}, async () => {
  await withPrintedPage('ros.md', async ({ url, folder, run }) => {
    const endpoint = `${url.replace('http', 'ws')}/rosbridge`;
    expect(await run(0, endpoint)).toMatch(/Parley/u);
    // More than half a second of speech.
    expect(readFileSync(join(folder, 'answer.pcm')).byteLength).toBeGreaterThan(16_000);
    expect(await run(1, endpoint)).toMatch(
      /^go-forward started \ndriving \{ \w+: 2.*\}\ngo-forward done the way is free\n$/u,
    );
  });
});
