import { randomInt } from 'node:crypto';
import type { TurnRecord } from '../actors/ports/store.ts';
import { openSession, type SessionDeps } from '../actors/session/session.ts';
import type { OpenSession, SessionHost } from './door/session-host.ts';
import { flagged, withoutBargeIn } from './flags/flagged.ts';
import type { FlagSource } from './flags/flags.ts';
import type { Shared } from './shared/shared.ts';

/** Runs the sessions of this process. */
export function sessionHost(
  deps: SessionDeps,
  flags: FlagSource,
  { contexts, templates }: Pick<Shared, 'contexts' | 'templates'>,
): SessionHost {
  const depsWith = flagged(deps, templates);
  return {
    async open(request, listener): Promise<OpenSession> {
      const { session, language, user, secret, after } = request;
      const seed = randomInt(2 ** 32);
      // Not awaited: the conversation does not wait for the disk.
      deps.store
        .saveSession({ session, startedAt: new Date().toISOString(), language, ...(user && { user }) })
        .catch((error: Error) => deps.onProblem(session, error));
      const said = after ? await contexts.take({ ...after, user }) : [];
      const context = secret === undefined ? undefined : contexts.follow({ session, secret, user }, said);
      const steps = flags.of(session);
      const own = withTurns(depsWith(steps), (turn) => context?.turn(turn));
      const begun = openSession(own, { ...request, seed }, listener);
      if (said.length > 0) begun.command({ type: 'history', entries: [...said] });
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
          await context?.end(reason === 'bye');
          await deps.store
            .endSession(session, new Date().toISOString())
            .catch((error: Error) => deps.onProblem(session, error));
        },
      };
    },
  };
}

function withTurns(deps: SessionDeps, onTurn: (turn: TurnRecord) => void): SessionDeps {
  const { store } = deps;
  const saveTurn = (turn: TurnRecord) => {
    onTurn(turn);
    return store.saveTurn(turn);
  };
  return { ...deps, store: { ...store, saveTurn } };
}
