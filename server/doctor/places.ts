import { once } from 'node:events';
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Config } from '../config/schema.ts';
import { prepareDataDirectory } from '../data-directory.ts';
import { type Check, ok, problem, warning } from './check.ts';

/** Below this the journal soon cannot be written: with audio, an hour of one user alone takes 115 MB (16,000 samples a second of 2 bytes). */
const LOW_BYTES = 200e6;

export const dataDirectory: Check = {
  name: 'data directory',
  async run({ dataDir }) {
    const [first] = await prepareDataDirectory(dataDir);
    return first === undefined ? ok(dataDir) : warning(first, 'see docs/how-to/secure.md');
  },
};

export const disk: Check = {
  name: 'disk',
  async run({ dataDir }) {
    const { bavail, bsize } = await statfs(dataDir);
    const free = bavail * bsize;
    const what = `${(free / 1e9).toFixed(1)} GB free`;
    return free >= LOW_BYTES
      ? ok(what)
      : warning(what, 'free some space, or set journal.maxMegabytes or journal.maxAgeDays');
  },
};

/** Whether a Parley answers at the configured address. */
export async function runsAlready(config: Config): Promise<boolean> {
  try {
    const response = await fetch(`${addressOf(config)}/healthz`, { signal: AbortSignal.timeout(2_000) });
    return response.headers.get('content-type')?.startsWith('application/json') === true && response.ok;
  } catch {
    return false; // no listener, or one that does not speak HTTP
  }
}

/** Where clients of this machine find the configured server. */
export function addressOf({ host, port, tls }: Config): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `${tls.cert === undefined ? 'http' : 'https'}://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

export const port: Check = {
  name: 'port',
  async run(config) {
    const { host, port: wanted } = config;
    const code = await listenError(host, wanted);
    switch (code) {
      case undefined:
        return ok(`${host}:${wanted} is free`);
      case 'EADDRINUSE':
        return (await runsAlready(config))
          ? ok(`a Parley listens on ${host}:${wanted}`)
          : problem(
              `${host}:${wanted} is taken by another program`,
              `end it, or choose another port with --port; \`ss -ltnp | grep ${wanted}\` names it`,
            );
      case 'EACCES':
        return problem(
          `${host}:${wanted} needs more rights`,
          'choose a port above 1023, with a proxy in front of it',
        );
      case 'EADDRNOTAVAIL':
        return problem(
          `${host} is not an address of this machine`,
          'use 127.0.0.1 for this machine only, or 0.0.0.0 for every interface',
        );
      default:
        return problem(`${host}:${wanted}: ${code}`, 'check host and port');
    }
  },
};

/** Code of the error of listening there; undefined if it works. */
async function listenError(host: string, wanted: number): Promise<string | undefined> {
  const server = createServer();
  try {
    await once(server.listen(wanted, host), 'listening');
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  } finally {
    server.close();
  }
}
