import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterTest } from './after-test.ts';
import { type ParleyProcess, watched } from './processes.ts';

/** The folder of the Python client. */
export const PYTHON_CLIENT = fileURLToPath(new URL('../../clients/python/', import.meta.url));

/**
 * A Python that can run the Python client: the one in the environment variable PYTHON, `python3` of PATH, or Debian's. If
 * there is none, throws with how to install it.
 */
export function python(): string {
  const test = 'import sys, websockets; sys.exit(sys.version_info < (3, 10))';
  const candidates = process.env.PYTHON ? [process.env.PYTHON] : ['python3', '/usr/bin/python3'];
  const found = candidates.find((one) => spawnSync(one, ['-c', test]).status === 0);
  if (found !== undefined) return found;
  throw new Error(
    `no Python 3.10 or newer with websockets (tried ${candidates.join(', ')}): apt-get install python3-websockets, or set PYTHON to its path`,
  );
}

/** Runs Python in `cwd` with the client's package; it is ended with the test. */
export function runPython(
  args: readonly string[],
  cwd = PYTHON_CLIENT,
  env: Readonly<Record<string, string>> = {},
): ParleyProcess {
  const child = spawn(python(), ['-u', ...args], {
    cwd,
    env: { ...process.env, PYTHONPATH: PYTHON_CLIENT, PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const running = watched(child);
  afterTest(() => running.kill());
  return running;
}
