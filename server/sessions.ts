import { randomInt } from 'node:crypto';
import { openSession, type SessionDeps } from '../actors/session/session.ts';
import type { OpenSession, SessionHost } from './door/session-host.ts';

/** Runs the sessions of this process. */
export function sessionHost(deps: SessionDeps): SessionHost {
  return {
    async open(request, listener): Promise<OpenSession> {
      const { session, language, user } = request;
      const seed = randomInt(2 ** 32);
      // Not awaited: the conversation does not wait for the disk.
      deps.store
        .saveSession({ session, startedAt: new Date().toISOString(), language, ...(user && { user }) })
        .catch((error: Error) => deps.onProblem(session, error));
      const opened = openSession(deps, { ...request, seed }, listener);
      return {
        command: opened.command,
        audio: opened.audio,
        speak: opened.speak,
        heardAt: opened.heardAt,
        async close(reason) {
          await opened.close(reason === 'bye' ? 'bye' : 'lost');
          await deps.store
            .endSession(session, new Date().toISOString())
            .catch((error: Error) => deps.onProblem(session, error));
        },
      };
    },
  };
}
