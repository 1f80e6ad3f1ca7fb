import { fork } from 'node:child_process';
import { realClock } from '../../adapters/real-clock.ts';
import type { ResolvedConfig } from '../config/load.ts';
import { claimDataDirectory, prepareDataDirectory } from '../data-directory.ts';
import { makeLogger } from '../log.ts';
import { processCount } from '../processes/count.ts';
import { supervise } from '../processes/supervisor.ts';
import { print } from '../terminal.ts';
import { untilStopped } from './stop.ts';

/**
 * Runs several server processes, each this command again with `--place`, until a signal stops them. SIGHUP replaces them one
 * by one.
 */
export async function serveProcesses(resolved: ResolvedConfig): Promise<void> {
  const { config } = resolved;
  const log = makeLogger(config.log.level, config.log.format);
  for (const warning of [...resolved.warnings, ...(await prepareDataDirectory(config.dataDir))])
    log.warn(warning);
  const lock = claimDataDirectory(config.dataDir, log);
  const [, program = '', ...args] = process.argv;
  const { host, port, tls, limits } = config;
  await untilStopped(
    limits.drainGraceMs,
    async () => {
      const { stop, ...supervisor } = await supervise({
        ...{ processes: processCount(config), host, port, clock: realClock, log },
        continues: (lock !== undefined || config.failover.enabled) && limits.awayMs > 0,
        awayMs: config.failover.enabled ? limits.awayMs + limits.idleMs : limits.awayMs,
        ...{ rollGraceMs: limits.rollGraceMs },
        // A group of its own: Ctrl-C in a terminal reaches the supervisor only, which passes it on.
        start: (place) =>
          fork(program, [...args, '--place', String(place)], { serialization: 'advanced', detached: true }),
      });
      return { ...supervisor, drain: () => stop('SIGINT'), close: () => stop('SIGTERM') };
    },
    ({ url, roll }) => {
      process.on('SIGHUP', () => void roll());
      print(
        `Parley listens on ${tls.cert === undefined ? url : url.replace('http', 'https')} (open it to talk; Ctrl-C stops it)`,
      );
    },
  );
}
