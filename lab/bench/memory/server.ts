import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { temporaryFolder } from '../load/temporary-folder.ts';

/** A server as `npm start` starts it, with a data directory of its own. */
export interface StartedServer {
  readonly pid: number;
  readonly url: string;
  /** Opens the inspector; resolves with its port. */
  inspect(): Promise<number>;
  stop(): Promise<void>;
}

const manifest = z.object({ scripts: z.object({ start: z.string() }) });
const READY_MS = 120_000;
const STOP_MS = 10_000;
const LOOK_MS = 100;

/** `root`: folder of a clone that is built. `flags` in place of those of its `npm start`. */
export async function startServer(root: string, flags?: readonly string[]): Promise<StartedServer> {
  const { start } = manifest.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).scripts;
  const own = start.split(' ').filter((word) => word.startsWith('--'));
  const folder = temporaryFolder('memory');
  const [port, inspectPort] = [await freePort(), await freePort()];
  const child = spawn(
    process.execPath,
    [
      ...(flags ?? own),
      ...['--inspect-port', `127.0.0.1:${inspectPort}`, join(root, 'bin/parley.mjs'), 'serve'],
      ...['--port', `${port}`, '--data-dir', folder.path, '--log.level', 'warn'],
    ],
    { cwd: folder.path, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let complaints = '';
  child.stderr?.on('data', (piece: Buffer) => {
    complaints += piece;
  });
  const url = `http://127.0.0.1:${port}`;
  await until(READY_MS, async () => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${complaints}`);
    return (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true;
  });
  return {
    pid: child.pid ?? 0,
    url,
    async inspect() {
      child.kill('SIGUSR1');
      await until(STOP_MS, async () => complaints.includes('Debugger listening'));
      return inspectPort;
    },
    async stop() {
      await ended(child);
      process.off('exit', kill);
      folder.remove();
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
  clearTimeout(timer);
}

async function until(limitMs: number, holds: () => Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; !(await holds()); waitedMs += LOOK_MS) {
    if (waitedMs >= limitMs) throw new Error(`not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  return typeof address === 'object' && address ? address.port : 0;
}
