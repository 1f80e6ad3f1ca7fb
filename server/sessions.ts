import { randomInt } from 'node:crypto';
import type { TurnRecord } from '../actors/ports/store.ts';
import { openSession, type SessionDeps } from '../actors/session/session.ts';
import { errorRecord, ParleyError } from '../machines/errors.ts';
import { LOST } from '../machines/session/actions/ends.ts';
import { withNames } from '../machines/session/actions/follow-ups.ts';
import { phrasesIn } from '../machines/session/language/language.ts';
import type { SessionMessage } from '../machines/wire.ts';
import type { Continued, Continuing } from './continuing/continuing.ts';
import type {
  OpenSession,
  SessionCloseReason,
  SessionHost,
  SessionListener,
  SessionRequest,
} from './door/session-host.ts';
import type { Failover } from './failover/failover.ts';
import { flagged, withoutBargeIn } from './flags/flagged.ts';
import type { FlagSource } from './flags/flags.ts';
import type { Shared } from './shared/shared.ts';

/** Runs the sessions of this process. `continuing`: without it they end with it; `failover`: other servers can go on with them. */
export function sessionHost(
  deps: SessionDeps,
  flags: FlagSource,
  { contexts, templates }: Pick<Shared, 'contexts' | 'templates'>,
  continuing?: Continuing,
  failover?: Failover,
): SessionHost {
  const depsWith = flagged(deps, templates);

  function saved(request: SessionRequest, startedAt: string): void {
    const { session, language, user, proof } = request;
    // Not awaited: the conversation does not wait for the disk.
    deps.store
      .saveSession({
        ...{ session, startedAt, language },
        ...(user && { user }),
        ...(continuing && proof && { proof }),
      })
      .catch((error: Error) => deps.onProblem(session, error));
  }

  /** Keeps what another process needs to resume the session. */
  function recorded(request: SessionRequest, startedAt: string, listener: SessionListener, of?: Continued) {
    const { session, language, user, proof } = request;
    if (proof === undefined) return undefined;
    const opening = of?.record?.opening ?? { startedAt, language, proof, ...(user && { user }) };
    return continuing?.keep(session, opening, () => listener.message(SUPERSEDED), of);
  }

  async function begin(request: SessionRequest, listener: SessionListener, rebuilt?: Continued) {
    const { session, user, secret, after } = request;
    const startedAt = new Date().toISOString();
    if (!rebuilt) saved(request, startedAt);
    const seed = rebuilt?.kernel.context.input.seed ?? randomInt(2 ** 32);
    const { history: said, lost } = after && !rebuilt ? await contexts.take({ ...after, user }) : NEW;
    const before = rebuilt ? saidIn(rebuilt) : said;
    const context = secret === undefined ? undefined : contexts.follow({ session, secret, user }, before);
    const steps = flags.of(session);
    const given = depsWith(steps);
    const record = recorded(request, startedAt, listener, rebuilt);
    const own = withTurns({ ...given, record }, (turn) => context?.turn(turn));
    const begun = openSession(own, { ...request, seed }, withLost(listener, context?.lost), rebuilt);
    // Who knows of the session can come back to it.
    if (!rebuilt) await record?.established();
    // Else the server after this one might use its generations again. What fails is reported by the session.
    if (rebuilt) await begun.durable().catch(() => {});
    if (said.length > 0) begun.command({ type: 'history', entries: [...said] });
    const say = withNames(phrasesIn(request.language, own.parameters).actionLost, lost);
    if (say) begun.command({ type: 'respond', say });
    const manual = (request.attention ?? deps.parameters.attention.mode) === 'push';
    const opened = steps.bargeIn ? begun : withoutBargeIn(begun, manual || rebuilt !== undefined);
    return { opened, context, record };
  }

  const ended = (session: string) =>
    deps.store
      .endSession(session, new Date().toISOString())
      .catch((error: Error) => deps.onProblem(session, error));

  return {
    ...(continuing && { waitsFor: (session, proof) => continuing.waitsFor(session, proof) }),
    async open(request, listener): Promise<OpenSession> {
      const { session, proof, continues } = request;
      const rebuilt =
        continues &&
        (await continuing?.take(session, continues, listener, depsWith(flags.of(session)).parameters));
      if (continues && !rebuilt) throw new ParleyError('SESSION_UNKNOWN', session);
      const { opened, context, record } = await begin(request, listener, rebuilt).catch((error) => {
        failover?.settled(session);
        throw error;
      });
      async function close(reason: SessionCloseReason) {
        if (record?.isFenced || reason === 'superseded') {
          await opened.leave('superseded');
          // On one host the row in the store is that of the process that has it now.
          return failover && ended(session);
        }
        if (reason === 'draining' && continuing && proof !== undefined) {
          await opened.leave();
          return context?.end(false);
        }
        await opened.close(reason === 'bye' ? 'bye' : 'lost');
        await context?.end(reason === 'bye');
        await ended(session);
      }
      return {
        command: opened.command,
        audio: opened.audio,
        present: opened.present,
        speak: opened.speak,
        heardAt: opened.heardAt,
        setEcho: opened.setEcho,
        ...(rebuilt && { epoch: rebuilt.epoch }),
        close: (reason) => close(reason).finally(() => failover?.settled(session)),
      };
    },
  };
}

const NEW = { history: [], lost: [] } as const;

/** A client that still listens here has not gone where its session is now, and finds it there. */
const SUPERSEDED: SessionMessage = {
  ...{ type: 'error', code: 'EPOCH_SUPERSEDED', fatal: true, retryAfterMs: 0 },
  message: errorRecord(new ParleyError('EPOCH_SUPERSEDED'), 'INTERNAL').message,
};

/** Passes everything on, and the names of actions that were lost with the client. */
function withLost(listener: SessionListener, lost: ((name: string) => void) | undefined): SessionListener {
  if (!lost) return listener;
  return {
    ...listener,
    message(message) {
      if (message.type === 'action' && message.message === LOST.client) lost(message.name);
      listener.message(message);
    },
  };
}

function saidIn({ kernel }: Continued) {
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
