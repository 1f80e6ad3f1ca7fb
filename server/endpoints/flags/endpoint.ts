import { z } from 'zod';
import type { Access } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { settingEndpoint } from '../../door/setting.ts';
import type { FlagSource } from '../../flags/flags.ts';
import { flagOptions } from '../../flags/options.ts';

export interface FlagsParts {
  readonly access: Access;
  readonly door: Pick<Door, 'log'>;
  /** Undefined: there are none to change. */
  readonly flags?: FlagSource | undefined;
}

/** The flags of new sessions, as percentages; a change keeps those that it does not name. See docs/how-to/deploy.md. */
export function flagsEndpoint({ access, door, flags }: FlagsParts): Endpoint | undefined {
  if (!flags) return undefined;
  const kept = () =>
    Object.fromEntries(Object.entries(flags.shares).map(([name, share]) => [name, `${share}%`]));
  return settingEndpoint(access, {
    name: 'flags',
    maxBytes: 4_096,
    change: z
      .record(z.string(), z.unknown())
      .transform((given): z.input<typeof flagOptions> => ({ ...kept(), ...given }))
      .pipe(flagOptions),
    read: () => flags.shares,
    set(changed) {
      flags.operate(changed);
      door.log.info({ flags: changed }, 'new sessions have these flags');
    },
  });
}
