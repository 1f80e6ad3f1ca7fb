import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseWav, writeWav } from '../../adapters/wav.ts';
import { PYTHON_WIRE, pythonWire } from '../../scripts/python-wire.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { makeCertificate } from '../support/certificate.ts';
import { parley } from '../support/processes.ts';
import { PYTHON_CLIENT, python, runPython } from '../support/python.ts';
import { speak } from '../support/speech.ts';

const TOKEN = 'an open secret';

/** A server as it is by default, and a folder with `question.wav`. */
async function talking(question: string, args: readonly string[] = []) {
  const folder = await temporaryFolder();
  const server = parley(['serve', '--port', '0', '--data-dir', join(folder, 'data'), ...args]);
  afterTest(() => server.stop());
  const [, http = ''] = await server.line(/listens on (\S+)/u);
  const wav = join(folder, 'question.wav');
  writeFileSync(wav, writeWav(speak(question, { voice: 'en-us' })));
  return { url: http.replace('http', 'ws'), folder, wav };
}

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

  it('passes the conformance kit', async () => {
    const program = `PYTHONPATH=${PYTHON_CLIENT} PYTHONDONTWRITEBYTECODE=1 ${python()} ${PYTHON_CLIENT}examples/conformance.py`;
    const kit = parley(['conformance', '--run', program]);
    expect(await kit.exited, kit.lines.join('\n')).toBe(0);
    expect(kit.lines.at(-1)).toMatch(/^\d+ passed, 0 failed, 0 not checked$/u);
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

  it('talks by its longer example, which records the answer', async () => {
    const { url, folder, wav } = await talking('go forward six meters');
    // At 22,050 Hz, as docs/clients.md makes it.
    execFileSync('espeak-ng', ['-v', 'en-us', '-w', wav, 'go forward six meters']);
    const talk = runPython([join(PYTHON_CLIENT, 'examples', 'talk.py'), url, wav, 'answer.wav'], folder);
    expect(await talk.exited, talk.lines.join('\n')).toBe(0);
    expect(talk.lines.slice(0, 3)).toEqual([
      expect.stringMatching(/^you: go forward six meters?$/u),
      'action: go-forward started',
      'action: go-forward refused',
    ]);
    const { samples } = parseWav(readFileSync(join(folder, 'answer.wav')));
    expect(samples.some((sample) => Math.abs(sample) > 3_000)).toBe(true);
  });

  it('talks over TLS with the certificate that it is told of, and says what is missing without', async () => {
    const folder = await temporaryFolder();
    const { cert, key } = makeCertificate(folder);
    const { url } = await talking('hello', ['--tls.cert', cert, '--tls.key', key]);
    const program = `
import asyncio, sys
from parley_client import ParleyClient, ParleyError

async def main():
    async with ParleyClient(sys.argv[1]) as client:
        events = client.events()
        await client.text("hello")
        print(*[event["heard"] async for event in events if event["type"] == "reply.end" and not await client.close()])

try:
    asyncio.run(main())
except ParleyError as error:
    print(error)`;
    const run = async (env: Record<string, string>) => {
      const python = runPython(['-c', program, url.replace('127.0.0.1', 'localhost')], folder, env);
      await python.exited;
      return python.lines.join('\n');
    };
    expect(await run({ SSL_CERT_FILE: cert })).toMatch(/^(Hello|Hi)\b.*/u);
    expect(await run({})).toMatch(/CONNECTION_REFUSED: .*certificate.*set SSL_CERT_FILE/u);
  });
});
