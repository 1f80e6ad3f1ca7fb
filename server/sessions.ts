import { randomInt } from 'node:crypto';
import { openSession, type SessionDeps } from '../actors/session/session.ts';
import type { OpenSession, SessionHost } from './door/session-host.ts';
import { flagged, withoutBargeIn } from './flags/flagged.ts';
import type { FlagSource } from './flags/flags.ts';

/** Runs the sessions of this process. */
export function sessionHost(deps: SessionDeps, flags: FlagSource): SessionHost {
  const depsWith = flagged(deps);
  return {
    async open(request, listener): Promise<OpenSession> {
      const { session, language, user } = request;
      const seed = randomInt(2 ** 32);
      // Not awaited: the conversation does not wait for the disk.
      deps.store
        .saveSession({ session, startedAt: new Date().toISOString(), language, ...(user && { user }) })
        .catch((error: Error) => deps.onProblem(session, error));
      const steps = flags.of(session);
      const begun = openSession(depsWith(steps), { ...request, seed }, listener);
      const manual = (request.attention ?? deps.parameters.attention.mode) === 'push';
      const opened = steps.bargeIn ? begun : withoutBargeIn(begun, manual);
      return {
        command: opened.command,
        audio: opened.audio,
        present: opened.present,
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
