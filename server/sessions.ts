import { randomInt } from 'node:crypto';
import type { TurnRecord } from '../actors/ports/store.ts';
import type { Rebuilt } from '../actors/session/rebuild.ts';
import { openSession, type SessionDeps } from '../actors/session/session.ts';
import { ParleyError } from '../machines/errors.ts';
import type { Continuing } from './continuing/continuing.ts';
import type { OpenSession, SessionHost, SessionListener, SessionRequest } from './door/session-host.ts';
import { flagged, withoutBargeIn } from './flags/flagged.ts';
import type { FlagSource } from './flags/flags.ts';
import type { Shared } from './shared/shared.ts';

/** Runs the sessions of this process. `continuing`: without it they end with it. */
export function sessionHost(
  deps: SessionDeps,
  flags: FlagSource,
  { contexts, templates }: Pick<Shared, 'contexts' | 'templates'>,
  continuing?: Continuing,
): SessionHost {
  const depsWith = flagged(deps, templates);

  function saved(request: SessionRequest): void {
    const { session, language, user, proof } = request;
    const startedAt = new Date().toISOString();
    // Not awaited: the conversation does not wait for the disk.
    deps.store
      .saveSession({
        ...{ session, startedAt, language },
        ...(user && { user }),
        ...(continuing && proof && { proof }),
      })
      .catch((error: Error) => deps.onProblem(session, error));
  }

  async function begin(request: SessionRequest, listener: SessionListener, rebuilt?: Rebuilt) {
    const { session, user, secret, after } = request;
    if (!rebuilt) saved(request);
    const seed = rebuilt?.kernel.context.input.seed ?? randomInt(2 ** 32);
    const said = after && !rebuilt ? await contexts.take({ ...after, user }) : [];
    const before = rebuilt ? saidIn(rebuilt) : said;
    const context = secret === undefined ? undefined : contexts.follow({ session, secret, user }, before);
    const steps = flags.of(session);
    const given = depsWith(steps);
    const own = withTurns(rebuilt && continuing ? continuing.depsOf(given, rebuilt) : given, (turn) =>
      context?.turn(turn),
    );
    const begun = openSession(own, { ...request, seed }, listener, rebuilt);
    if (said.length > 0) begun.command({ type: 'history', entries: [...said] });
    const manual = (request.attention ?? deps.parameters.attention.mode) === 'push';
    const opened = steps.bargeIn ? begun : withoutBargeIn(begun, manual || rebuilt !== undefined);
    return { opened, context };
  }

  return {
    ...(continuing && { waitsFor: continuing.waitsFor }),
    async open(request, listener): Promise<OpenSession> {
      const { session, proof, continues } = request;
      const rebuilt = continues && (await continuing?.take(session, continues, listener));
      if (continues && !rebuilt) throw new ParleyError('SESSION_UNKNOWN', session);
      const { opened, context } = await begin(request, listener, rebuilt);
      return {
        command: opened.command,
        audio: opened.audio,
        present: opened.present,
        speak: opened.speak,
        heardAt: opened.heardAt,
        ...(rebuilt && { epoch: rebuilt.returns + 2 }),
        async close(reason) {
          if (reason === 'draining' && continuing && proof !== undefined) {
            await opened.leave();
            return context?.end(false);
          }
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

function saidIn({ kernel }: Rebuilt) {
  return kernel.context.history.flatMap(({ role, content }) =>
    role === 'system' ? [] : [{ role, content }],
  );
}

function withTurns(deps: SessionDeps, onTurn: (turn: TurnRecord) => void): SessionDeps {
  const { store } = deps;
  const saveTurn = (turn: TurnRecord) => {
    onTurn(turn);
    return store.saveTurn(turn);
  };
  return { ...deps, store: { ...store, saveTurn } };
}
