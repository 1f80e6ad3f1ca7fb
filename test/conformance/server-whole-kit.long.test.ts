import { join } from 'node:path';
import { expect, it } from 'vitest';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { parley } from '../support/processes.ts';

it('the real server passes the conformance kit, as the command says', async () => {
  const token = ['--token', 'an open secret'];
  const data = join(await temporaryFolder(), 'data');
  const server = parley(['serve', '--port', '0', '--data-dir', data, ...token]);
  afterTest(() => server.stop());
  const [, url = ''] = await server.line(/listens on (\S+)/u);

  const kit = parley(['conformance', url, ...token, '--json']);
  const code = await kit.exited;
  const report = JSON.parse(kit.lines.join('\n'));
  expect(report.checks.filter(({ result }: { result: string }) => result !== 'passed')).toEqual([]);
  expect(report).toMatchObject({ passed: report.checks.length, failed: 0 });
  expect(code).toBe(0);
});
