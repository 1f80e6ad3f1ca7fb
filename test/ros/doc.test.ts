import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Cleanups, startTls } from '../realtime/scene.ts';
import { withPrintedPage } from '../support/printed-client.ts';

const cleanups = new Cleanups();
afterEach(() => cleanups.run());

it('the examples of docs/ros.md talk and move with a server as it is started by default, also over TLS', {
  timeout: 120_000,
}, async () => {
  await withPrintedPage('ros.md', async ({ url, folder, run }) => {
    const endpoint = `${url.replace('http', 'ws')}/rosbridge`;
    expect(await run(0, [endpoint])).toMatch(/Parley/u);
    // More than half a second of speech.
    expect(readFileSync(join(folder, 'answer.pcm')).byteLength).toBeGreaterThan(16_000);
    expect(await run(1, [endpoint])).toMatch(
      /^go-forward started \ndriving \{ \w+: 2.*\}\ngo-forward done the way is free\n$/u,
    );
    const { port, ca } = await startTls(cleanups, Number(new URL(url).port));
    const file = join(folder, 'ca.pem');
    writeFileSync(file, ca);
    const secure = [`wss://localhost:${port}/rosbridge`];
    expect(await run(0, secure, { NODE_EXTRA_CA_CERTS: file })).toMatch(/Parley/u);
  });
});
