import { expect, it, onTestFinished } from 'vitest';
import { folderOfFile } from '../support/after-test.ts';
import { parley } from '../support/processes.ts';

const dataDir = folderOfFile();

/** Makes every native binding fail to load, as in a package that was installed without one. */
const NO_BINDING = `data:text/javascript,${encodeURIComponent('process.dlopen = () => { throw new Error("no such binding"); };')}`;

it('a server whose SQLite has no binding does not start, and says in a few lines what to do', async () => {
  const server = parley(['serve', '--port', '0', '--data-dir', dataDir], {
    NODE_OPTIONS: `--import ${NO_BINDING}`,
  });
  onTestFinished(() => server.kill());
  expect(await server.exited).toBe(1);
  const printed = server.lines.join('\n');
  expect(printed).toContain('code: SQLITE_MISSING');
  expect(printed).toMatch(/npx parley prepare|npm rebuild better-sqlite3/u);
  expect(printed).toContain('what to do: ');
  expect(printed).not.toMatch(/^\s+at |defect|"level":/mu);
  expect(printed.length).toBeLessThan(1_500);
});
