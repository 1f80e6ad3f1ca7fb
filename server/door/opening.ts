import { randomUUID } from 'node:crypto';
import { ParleyError } from '../../machines/errors.ts';
import type { DoorRequest } from './door.ts';
import { Resumption } from './resumption.ts';
import type { OpenSession, SessionHost, SessionListener } from './session-host.ts';
import { sessionRequestOf } from './session-request.ts';

/** How long the host may take to continue a session, ms. When a server is lost, many wait for their turn, and their clients come again. */
export const CONTINUE_MS = 120_000;

/** What a session is opened with. `continues`: the host has it from a process before. */
export type Wanted = DoorRequest & { readonly language: string; readonly continues: boolean };

/** A session and who may come back to it. */
export interface Named {
  readonly session: string;
  /** Absent: the session ends with its connection. */
  readonly resumption: Resumption | undefined;
}

/** The name of the session that is wanted. */
export function nameOf(wanted: Wanted, awayMs: number): Named {
  const own = wanted.continues ? wanted.resumes : undefined;
  return {
    session: own?.session ?? randomUUID(),
    resumption: wanted.resumable && awayMs > 0 ? new Resumption(wanted, own) : undefined,
  };
}

/** Opens a session at its host. One that cannot be continued becomes a new one, with another name. */
export async function openAtHost(
  host: SessionHost,
  { named, wanted, awayMs }: { readonly named: Named; readonly wanted: Wanted; readonly awayMs: number },
  listener: SessionListener,
): Promise<{ readonly named: Named; readonly opened: OpenSession; readonly continued: boolean }> {
  const { continues, resumes } = wanted;
  if (continues)
    try {
      const lastSeen = { epoch: resumes?.epoch, lastSeq: resumes?.lastSeq, played: resumes?.played };
      const opened = await host.open({ ...sessionRequestOf(named, wanted), continues: lastSeen }, listener);
      if (named.resumption) named.resumption.epoch = Math.max(opened.epoch ?? 1, named.resumption.epoch);
      return { named, opened, continued: true };
    } catch (error) {
      if (!(error instanceof ParleyError && error.code === 'SESSION_UNKNOWN') || wanted.relayed) throw error;
    }
  const another = continues ? nameOf({ ...wanted, continues: false }, awayMs) : named;
  const opened = await host.open(sessionRequestOf(another, wanted), listener);
  return { named: another, opened, continued: false };
}
