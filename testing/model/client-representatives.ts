import { actionsOfReply } from '../../machines/session/actions/ends.ts';
import { lastingOf } from '../../machines/session/lasting/lasting.ts';
import type { RobotAction } from '../../machines/session/model.ts';
import type { ActionReport, TurnDetection } from '../../machines/wire.ts';
import { type Happens, isDefault, type Representative, type SessionModelState } from './session-model.ts';

/** What the client sends, except for its reports of actions. */
export function clientRepresentatives(): Representative[] {
  const always = (name: string, event: Happens): Representative => ({
    name,
    source: 'client',
    event: () => event,
  });
  return [
    always('text', { type: 'text', text: 'what time is it?' }),
    always('history', { type: 'history', entries: [{ role: 'system', content: 'Be brief.' }] }),
    always('interrupt', { type: 'interrupt' }),
    always('halt', { type: 'halt' }),
    always('rearm', { type: 'rearm' }),
    always('bye', { type: 'bye' }),
    always('lost', { type: 'lost' }),
    ...settings(),
    ...body(),
    ...presence(),
    audio('commit', 'commit', 16_000),
    audio('commit: too short', 'commit', 800),
    audio('clear', 'clear', 16_000),
    always('respond', { type: 'respond', instructions: 'Be brief.' }),
  ];
}

/** `samples`: input since the last commit or clear. */
function audio(name: string, type: 'commit' | 'clear', samples: number): Representative {
  return {
    name,
    source: 'client',
    event: ({ snapshot }) => ({ type, sample: (snapshot.context.committedTo ?? 0) + samples }),
  };
}

/** Ways to detect turns, each where a change matters most: at rest, and while the user speaks. */
function settings(): Representative[] {
  const change = (name: string, turnDetection: TurnDetection, often: boolean): Representative => ({
    name: `settings: ${name}`,
    source: 'client',
    event: ({ snapshot }) => {
      const userSpeaks = snapshot.context.utterance?.endedAtMs === null;
      const matters = snapshot.matches({ conversation: 'idle' }) || (often && userSpeaks);
      // From one way to another only by way of the default.
      const changes = isDefault(snapshot.context.settings) !== (name === 'default');
      return matters && changes ? { type: 'settings', change: { turnDetection }, sample: 0 } : undefined;
    },
  });
  return [
    change('default', { mode: 'auto' }, false),
    change('manual', { mode: 'manual' }, true),
    change('no interruption', { mode: 'auto', interrupt: false }, true),
    change('no reply', { mode: 'auto', respond: false }, false),
  ];
}

/** The region beside the conversation: it moves at rest only, and nothing else happens until it rests again. */
function body(): Representative[] {
  const moves = (moving: boolean): Representative => ({
    name: `body: ${moving ? 'moves' : 'rests'}`,
    source: 'client',
    event: ({ snapshot }) =>
      snapshot.matches({ conversation: 'idle' }) && (snapshot.context.body?.moving ?? false) !== moving
        ? { type: 'body', moving }
        : undefined,
  });
  const noise: Representative = {
    name: 'body: is loud',
    source: 'client',
    event: ({ snapshot }) =>
      snapshot.context.body?.moving ? { type: 'body', moving: true, noise: -30 } : undefined,
  };
  return [moves(true), noise, moves(false)];
}

/** The connection is lost anywhere; until the client is back, nothing of it happens. */
function presence(): Representative[] {
  const isAway = ({ snapshot }: SessionModelState) => snapshot.matches({ presence: 'away' });
  const when = (type: 'away' | 'back'): Representative => ({
    name: type,
    source: 'client',
    event: (state) => (isAway(state) === (type === 'back') ? { type } : undefined),
  });
  const resumed: Representative = {
    name: 'resumed',
    source: 'server',
    event: (state) => (isAway(state) ? undefined : { type: 'resumed' }),
  };
  return [when('away'), when('back'), resumed];
}

export function running({ snapshot }: SessionModelState): RobotAction | undefined {
  return actionsOfReply(snapshot.context)[0];
}

export function runningLasting({ snapshot }: SessionModelState): RobotAction | undefined {
  return lastingOf(snapshot.context)[0];
}

/** Its reports: of an action that runs, and of one that does not. */
export function reportRepresentatives(): Representative[] {
  const of = (status: ActionReport['status'], id: (state: SessionModelState) => string | undefined) => ({
    name: `action.result: ${status}`,
    source: 'client' as const,
    event: (state: SessionModelState): Happens | undefined => {
      const about = id(state);
      return about === undefined ? undefined : { type: 'action.result', id: about, status };
    },
  });
  return [
    of('progress', (state) => running(state)?.id),
    of('done', (state) => running(state)?.id),
    of('failed', (state) => runningLasting(state)?.id),
    of('refused', () => 'unknown'),
  ];
}
