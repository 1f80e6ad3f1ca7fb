import { randomInt } from 'node:crypto';
import { openSession, type SessionWorld } from '../actors/session/session.ts';
import type { OpenSession, SessionHost } from './door/session-host.ts';

/** Runs the sessions of this process. */
export function sessionHost(world: SessionWorld): SessionHost {
  return {
    async open({ session, language, voice, outputRate }, listener): Promise<OpenSession> {
      const seed = randomInt(2 ** 32);
      // The conversation does not wait for the disk.
      world.store
        .saveSession({ session, startedAt: new Date().toISOString(), language })
        .catch((error: Error) => world.onProblem(session, error));
      const opened = openSession(
        world,
        { session, language, outputRate, seed, ...(voice === undefined ? {} : { voice }) },
        listener,
      );
      return {
        command: opened.command,
        audio: opened.audio,
        async close(reason) {
          await opened.close(reason === 'bye' ? 'bye' : 'lost');
          await world.store
            .endSession(session, new Date().toISOString())
            .catch((error: Error) => world.onProblem(session, error));
        },
      };
    },
  };
}
