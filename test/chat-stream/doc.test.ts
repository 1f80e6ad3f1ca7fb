import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { fencesOf } from '../docs/fences.ts';
import { parley } from '../support/processes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

it('the examples of docs/chat-stream.md chat with a server as it is started by default', {
  timeout: 120_000,
}, async () => {
  mkdirSync(join(root, 'dist'), { recursive: true });
  const folder = mkdtempSync(join(root, 'dist', 'chat-doc-'));
  const server = parley(['serve', '--port', '0', '--data-dir', join(folder, 'data')]);
  try {
    const [script, curl] = fencesOf('docs/chat-stream.md').filter(({ marker }) => marker.startsWith('test/'));
    writeFileSync(join(folder, 'chat.mjs'), script?.code ?? '');
    const [, url = ''] = await server.line(/listens on (\S+)/u);
    const { stdout } = await promisify(execFile)(process.execPath, ['chat.mjs', url], { cwd: folder });
    expect(stdout).toMatch(/^text-delta .*Parley/u);
    expect(stdout).toMatch(/done \{ stats: \{ ttft_ms: [\d.]+, tokens: \d+ \} \}\n$/u);
    const line = (curl?.code ?? '').replace('http://127.0.0.1:7400', url);
    const shown = await promisify(execFile)('sh', ['-c', line]);
    expect(shown.stdout).toMatch(/event: text-delta\ndata: .*Parley/u);
    expect(shown.stdout).toMatch(/event: done\ndata: .*\n\n$/u);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
