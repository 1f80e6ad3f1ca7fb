import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseWav } from '../../adapters/wav.ts';
import { temporaryFolder } from '../support/after-test.ts';
import { makeCertificate } from '../support/certificate.ts';
import { parley } from '../support/processes.ts';
import { PYTHON_CLIENT, python, runPython } from '../support/python.ts';
import { talking } from './python-server.ts';

describe('the Python client', () => {
  it('passes the conformance kit', async () => {
    const program = `PYTHONPATH=${PYTHON_CLIENT} PYTHONDONTWRITEBYTECODE=1 ${python()} ${PYTHON_CLIENT}examples/conformance.py`;
    const kit = parley(['conformance', '--run', program]);
    expect(await kit.exited, kit.lines.join('\n')).toBe(0);
    expect(kit.lines.at(-1)).toMatch(/^\d+ passed, 0 failed, 0 not checked$/u);
  });

  it('talks by its longer example, which records the answer', async () => {
    const { url, folder, wav } = await talking('go forward six meters');
    // At 22,050 Hz, as docs/how-to/clients.md makes it.
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

  it('talks over TLS with the certificate that is named to it, and says what is missing without', async () => {
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
