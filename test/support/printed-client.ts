import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fencesOf } from '../docs/fences.ts';
import { makeCertificate } from './certificate.ts';
import { type ParleyProcess, parley } from './processes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface PrintedPage {
  /** `http://…` of a server as it is started by default, or `https://localhost:…`, which the examples trust. */
  readonly url: string;
  readonly server: ParleyProcess;
  readonly folder: string;
  /** The examples that a test of this kind runs, in the order of the page. */
  readonly examples: readonly string[];
  /** Runs the example of this number as printed, and returns what it prints. */
  run(example: number, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
}

/** Gives `test` the examples of `docs/<page>` that name a test as their proof, and a server for them, with TLS or without, and with `flags`. */
export async function withPrintedPage(
  page: string,
  test: (page: PrintedPage) => Promise<void>,
  { tls = false, flags = [] }: { readonly tls?: boolean; readonly flags?: readonly string[] } = {},
) {
  mkdirSync(join(root, 'dist'), { recursive: true });
  // Below the project, so that an example finds its packages.
  const folder = mkdtempSync(join(root, 'dist', 'printed-'));
  const certificate = tls ? makeCertificate(folder) : undefined;
  const secure = certificate ? ['--tls.cert', certificate.cert, '--tls.key', certificate.key] : [];
  const server = parley(['serve', '--port', '0', '--data-dir', join(folder, 'data'), ...secure, ...flags]);
  try {
    const [, listening = ''] = await server.line(/listens on (\S+)/u);
    const url = tls ? listening.replace('127.0.0.1', 'localhost') : listening;
    const examples = fencesOf(`docs/${page}`)
      .filter(({ marker }) => marker.startsWith('test/'))
      .map(({ code }) => code);
    const run: PrintedPage['run'] = async (example, args, env = {}) => {
      const file = `example-${example}.mjs`;
      writeFileSync(join(folder, file), examples[example] ?? '');
      return (
        await promisify(execFile)(process.execPath, [file, ...args], {
          ...{
            cwd: folder,
            env: { ...process.env, ...(certificate && { NODE_EXTRA_CA_CERTS: certificate.cert }), ...env },
          },
        })
      ).stdout;
    };
    await test({ url, server, folder, examples, run });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
