import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PYTHON_WIRE, pythonWire } from '../../scripts/python-wire.ts';
import { afterTest } from '../support/after-test.ts';
import { PYTHON_CLIENT, python, runPython } from '../support/python.ts';
import { talking } from './python-server.ts';

const TOKEN = 'an open secret';

describe('the Python client', () => {
  it('has the messages of the server’s own schemas (npx tsx scripts/python-wire.ts)', () => {
    expect(readFileSync(PYTHON_WIRE, 'utf8')).toBe(pythonWire());
  });

  it('says what to install if this machine cannot run it', () => {
    const before = process.env.PYTHON;
    process.env.PYTHON = '/no/python';
    afterTest(() => {
      if (before === undefined) delete process.env.PYTHON;
      else process.env.PYTHON = before;
    });
    expect(() => python()).toThrow('apt-get install python3-websockets');
  });

  it('counts what is audible, and reports each action once', async () => {
    const tests = runPython(['-m', 'unittest', 'discover', '-s', 'tests']);
    expect(await tests.exited, tests.lines.join('\n')).toBe(0);
  });

  it('holds conversations with a server: typed, spoken, interrupted, with actions, and after a cut', {
    timeout: 120_000,
  }, async () => {
    const { url, wav } = await talking('what is your name', ['--token', TOKEN]);
    const tests = runPython(['tests/live.py'], PYTHON_CLIENT, {
      PARLEY_URL: url,
      PARLEY_TOKEN: TOKEN,
      PARLEY_SPEECH: wav,
    });
    expect(await tests.exited, tests.lines.join('\n')).toBe(0);
  });

  it('talks as its README says, with WAV files for microphone and loudspeaker', {
    timeout: 60_000,
  }, async () => {
    const { url, folder, wav } = await talking('go forward two meters');
    const readme = readFileSync(join(PYTHON_CLIENT, 'README.md'), 'utf8');
    const example = /```python\n(.*?)```/su.exec(readme)?.[1] ?? '';
    writeFileSync(join(folder, 'talk.py'), example.replace('ws://127.0.0.1:7400', url));
    const talk = runPython(['talk.py', wav, 'answer.wav'], folder);
    await talk.line(/'type': 'transcript'.*'text': 'go forward two meters?', 'final': True/u);
    await talk.line(/'type': 'action'.*'go-forward'.*'status': 'done', 'message': '2 m'/u);
    await talk.line(/'type': 'reply.end'.*'completed'/u);
  });
});
