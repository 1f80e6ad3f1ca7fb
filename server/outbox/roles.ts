import type { Dialog } from '../../actors/dialog/mod.ts';
import type { AnalyticsStore } from '../../actors/ports/analytics.ts';
import type { EventHandler, OwnRole } from '../../actors/ports/event-stream.ts';
import type { Memory } from '../../actors/ports/memory.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { analyticsRole } from '../analytics/role.ts';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { ltmRole } from '../memory/ltm-role.ts';

/** What the handlers of roles are made of. */
export interface RoleParts {
  readonly config: Config;
  readonly analytics: AnalyticsStore;
  readonly memory: Memory | undefined;
  readonly dialog: Dialog;
  readonly log: Logger;
}

/** A role at work. `handle` resolves after its own commit, and gets an event again after a crash. */
export interface WorkingRole {
  readonly handle: EventHandler;
  close?(): Promise<void>;
}

/** What each role does with its events; undefined if this configuration has nothing for it to do. */
export const ROLE_MAKERS: Readonly<Record<OwnRole, (parts: RoleParts) => Promise<WorkingRole | undefined>>> =
  {
    ltm: async ({ memory, dialog }) => memory && ltmRole(memory, dialog),
    analytics: async (parts) => analyticsRole(parts, realClock),
  };

/** True if turns are to be remembered. */
export function remembers({ memory }: Config): boolean {
  return memory.engine !== 'none';
}
