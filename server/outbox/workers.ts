import type { EventStreams, OwnRole } from '../../actors/ports/event-stream.ts';
import { ROLE_MAKERS, type RoleParts } from './roles.ts';

/** Roles of this process, as members of their groups. */
export interface Workers {
  readonly roles: readonly OwnRole[];
  close(): Promise<void>;
}

/** Begins to work these roles, as far as the configuration has something for them to do. */
export async function startWorkers(
  roles: readonly OwnRole[],
  streams: Pick<EventStreams, 'consume'>,
  parts: RoleParts,
): Promise<Workers> {
  const made = await Promise.all(
    roles.map(async (role) => ({ role, working: await ROLE_MAKERS[role](parts) })),
  );
  const working = made.flatMap(({ role, working }) =>
    working ? [{ role, working, consumption: streams.consume(role, working.handle) }] : [],
  );
  return {
    roles: working.map(({ role }) => role),
    async close() {
      await Promise.all(working.map(({ consumption }) => consumption.close()));
      await Promise.all(working.map((one) => one.working.close?.()));
    },
  };
}
