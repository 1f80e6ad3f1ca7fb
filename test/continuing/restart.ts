/** A server in a process of its own that is ended and started again with the same port and data directory. */
import { spawn } from 'node:child_process';
import { type ParleyProcess, watched } from '../support/processes.ts';
import { compiled } from '../support/program.ts';

const PROGRAM = new URL('./server.ts', import.meta.url);

/** `program`: a compiled one of another build. */
export async function startServer(
  dataDir: string,
  port: number,
  {
    awayMs = 30_000,
    program,
  }: { readonly awayMs?: number | undefined; readonly program?: string | undefined } = {},
): Promise<ParleyProcess & { readonly url: string }> {
  const own = program ?? (await compiled(PROGRAM));
  const child = spawn(process.execPath, [own, dataDir, String(port), String(awayMs)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const server = watched(child);
  const [, url = ''] = await server.line(/^listens on (.*)$/u);
  return { ...server, url };
}
