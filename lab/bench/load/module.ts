import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * Runs a module of `bench/` as a process, from source or compiled like this one; resolves with what it prints, and
 * rejects unless it exits with 0. It ends with this process, or when `stopAtEnd` stops it.
 */
export async function runModule(
  module: string,
  args: readonly string[],
  stopAtEnd: (part: { stop(): Promise<void> }) => void = () => {},
): Promise<string> {
  const fromSource = import.meta.url.endsWith('.ts');
  const script = fileURLToPath(new URL(`../${module}.${fromSource ? 'ts' : 'js'}`, import.meta.url));
  const child = spawn(process.execPath, [...(fromSource ? ['--import', 'tsx'] : []), script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: fileURLToPath(new URL(fromSource ? '../../..' : '../../../..', import.meta.url)),
  });
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  stopAtEnd({
    stop: async () => {
      if (child.exitCode === null) child.kill('SIGTERM');
    },
  });
  const exited = once(child, 'exit');
  let output = '';
  for await (const piece of child.stdout) output += piece;
  const [code] = await exited;
  process.off('exit', killAtExit);
  if (code !== 0) throw new Error(`bench/${module} ended with ${code}`);
  return output;
}
