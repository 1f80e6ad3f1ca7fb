import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withPrintedPage } from '../support/printed-client.ts';

it('the example of docs/how-to/home-assistant.md types, reads and keeps the speech of a server with the door open', {
  timeout: 120_000,
}, async () => {
  await withPrintedPage(
    'how-to/home-assistant.md',
    async ({ server, folder, run }) => {
      const [, port = ''] = await server.line(/tcp:\/\/127\.0\.0\.1:(\d+)/u);
      expect(await run(0, [port])).toMatch(/^parley: .*\n.*Parley/u);
      // More than half a second of speech.
      expect(readFileSync(join(folder, 'answer.pcm')).byteLength).toBeGreaterThan(16_000);
    },
    { flags: ['--wyoming.port', '0'] },
  );
});
