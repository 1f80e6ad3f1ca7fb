import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { fencesOf } from '../docs/fences.ts';
import { parley } from '../support/processes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

it('the example of docs/realtime.md talks to a server as it is started by default', {
  timeout: 120_000,
}, async () => {
  mkdirSync(join(root, 'dist'), { recursive: true });
  // Below the project, so that it finds the client's package.
  const folder = mkdtempSync(join(root, 'dist', 'realtime-doc-'));
  const server = parley(['serve', '--port', '0', '--data-dir', join(folder, 'data')]);
  try {
    const [fence] = fencesOf('docs/realtime.md').filter(({ marker }) => marker.startsWith('test/realtime/'));
    writeFileSync(join(folder, 'talk.mjs'), fence?.code ?? '');
    const [, url = ''] = await server.line(/listens on (\S+)/u);
    const endpoint = `${url.replace('http', 'ws')}/v1/realtime`;
    const { stdout } = await promisify(execFile)(process.execPath, ['talk.mjs', endpoint], { cwd: folder });
    expect(stdout).toMatch(/Parley/u);
    // More than half a second of speech.
    expect(readFileSync(join(folder, 'answer.pcm')).byteLength).toBeGreaterThan(24_000);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
