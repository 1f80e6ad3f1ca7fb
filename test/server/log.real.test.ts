import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { folderOfFile } from '../support/after-test.ts';
import { COMMAND, watched } from '../support/processes.ts';

const taken = createServer();
const dataDir = folderOfFile();
beforeAll(() => once(taken.listen(0, '127.0.0.1'), 'listening'));
afterAll(() => taken.close());

/** The output of a server that logs a warning and then ends, because its port is in use. */
async function output(terminal: boolean): Promise<string> {
  const address = taken.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const flags = `--port ${port} --data-dir ${dataDir} --engines.llm openai --llm.openai.base-url http://127.0.0.1:1/v1`;
  const line = `${process.execPath} ${COMMAND} serve ${flags}`;
  const command = terminal ? ['script', '-qefc', line, '/dev/null'] : ['sh', '-c', line];
  const [program = '', ...args] = command;
  const { exited, lines } = watched(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  expect(await exited).toBe(1);
  return lines.join('\n');
}

it('logs are lines for people on a terminal', async () => {
  const printed = stripVTControlCharacters(await output(true));
  expect(printed).toMatch(/\d\d:\d\d:\d\d\.\d{3} WARN {2}.*engines\.llm openai answers anything/u);
  expect(printed).not.toContain('"level":40');
});

it('logs are JSON elsewhere', async () => {
  const line = (await output(false)).split('\n').find((one) => one.startsWith('{')) ?? '';
  expect(JSON.parse(line)).toMatchObject({ level: 40, msg: expect.stringContaining('answers anything') });
});
