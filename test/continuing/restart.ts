/** A server in a process of its own that is ended and started again with the same port and data directory. */
import { spawn } from 'node:child_process';
import { type ParleyProcess, watched } from '../support/processes.ts';
import { compiled } from '../support/program.ts';

const program = new URL('./server.ts', import.meta.url);

export async function startServer(
  dataDir: string,
  port: number,
  awayMs = 30_000,
): Promise<ParleyProcess & { readonly url: string }> {
  const child = spawn(process.execPath, [await compiled(program), dataDir, String(port), String(awayMs)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const server = watched(child);
  const [, url = ''] = await server.line(/^listens on (.*)$/u);
  return { ...server, url };
}
