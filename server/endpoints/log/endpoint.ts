import { z } from 'zod';
import type { Access } from '../../door/access.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { settingEndpoint } from '../../door/setting.ts';
import type { Logger } from '../../log.ts';
import { LOG_LEVELS } from '../../log-levels.ts';

export interface LogParts {
  readonly access: Access;
  /** Undefined: its level cannot be changed. */
  readonly levelOf?: Pick<Logger, 'level' | 'warn'> | undefined;
}

/** The level of this process's log, until the process ends; see docs/how-to/deploy.md. */
export function logEndpoint({ access, levelOf: log }: LogParts): Endpoint | undefined {
  if (!log) return undefined;
  return settingEndpoint(access, {
    name: 'log',
    maxBytes: 256,
    change: z.strictObject({ level: z.enum(LOG_LEVELS) }),
    read: () => ({ level: log.level }),
    set({ level }) {
      const before = log.level;
      log.level = level;
      log.warn({ before, level }, 'the log level was changed');
    },
  });
}
