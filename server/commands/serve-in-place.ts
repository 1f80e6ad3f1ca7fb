import { renderConfig } from '../config/describe.ts';
import type { ResolvedConfig } from '../config/load.ts';
import { makeLogger } from '../log.ts';
import { FIRST_PROCESS, Siblings, supervisorChannel } from '../processes/siblings.ts';
import { serve } from '../serve.ts';
import { SessionTurns } from '../session-turns.ts';
import { untilStopped } from './stop.ts';

/** One of several server processes, until its supervisor or a signal stops it. */
export async function serveInPlace(resolved: ResolvedConfig, place: string): Promise<void> {
  const { config } = resolved;
  const turns = new SessionTurns();
  const log = makeLogger(config.log.level, config.log.format, (line) => ({
    process: Number(place),
    ...turns.fieldsFor(line),
  }));
  log.debug(renderConfig(resolved));
  const stop = () => process.kill(process.pid, 'SIGTERM');
  let leave = (_graceMs: number): unknown => stop();
  const siblings = new Siblings(place, supervisorChannel(), (graceMs) => leave(graceMs));
  // The supervisor does what it asks for.
  process.on('SIGHUP', () => {});
  process.once('disconnect', stop);
  const onProgress = (what: string) => console.error(`parley: ${what} …`);
  await untilStopped(
    config.limits.drainGraceMs,
    () =>
      serve({
        ...{ config, log, siblings, onLog: turns.onLog, onClosed: turns.onClosed },
        ...(place === FIRST_PROCESS && { onProgress }),
      }),
    (server) => {
      leave = (graceMs) => server.leave(graceMs).then(stop);
    },
  );
  process.off('disconnect', stop);
  // The channel would keep the process alive.
  if (process.connected) process.disconnect();
}
