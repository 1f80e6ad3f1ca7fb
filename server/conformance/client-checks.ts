import { realClock } from '../../adapters/real-clock.ts';
import type { Check } from './check.ts';
import { demand, observe } from './peer.ts';
import type { ScriptedServer, Visitor } from './scripted-server.ts';

/** The client under test: a server that it connects to. */
export interface ClientSubject {
  readonly server: ScriptedServer;
  /** `token` that the client was given. */
  readonly token: string;
  /** The client's next connection, which is ready. */
  ready(session?: string): Promise<Visitor>;
}

/** How long a wrong message would take to arrive. */
const SETTLED_MS = 700;
/** A client must try again within this time after a cut, and must not within it after a fatal code. */
const RECONNECT_MS = 4_000;
const LONGEST_PAUSE_MS = 30_000;
/** Of the fourth pause, relative to the first. */
const GROWTH = 1.5;

/** What a client of the native protocol must do. A new check is one more entry. */
export const CLIENT_CHECKS: readonly Check<ClientSubject>[] = [
  check('hello', 'Connecting', 'hello comes first, with token and actions', async ({ server, token }) => {
    const client = await server.visitor();
    const hello = await client.ready();
    demand(hello.token === token, () => `expected the token of PARLEY_TOKEN, got ${hello.token}`);
    demand(hello.actions === 'results', () => 'hello lacks actions: "results"');
  }),
  check('microphone', 'What you send', 'audio of the right size at the right pace', async (subject) => {
    const client = await subject.ready();
    await client.until('audio', () => client.microphone.ms > 0 || undefined);
    await observe(2_000);
    const { ms, sinceMs } = client.microphone;
    const percent = Math.round((100 * ms) / sinceMs);
    demand(percent >= 75 && percent <= 125, () => `audio at ${percent} % of real time`);
  }),
  check('played', 'What you send', 'exact, growing, never ahead of real time', async (subject) => {
    const client = await subject.ready();
    await client.play(1, 1_207);
    await playedIs(client, 1, 1_207);
    const reports = client.all('played').length;
    demand(reports >= 3, () => `${reports} reports in 1.2 s; send a few a second`);
  }),
  check('played-gap', 'What you send', 'a gap in the audio does not count as played', async (subject) => {
    const client = await subject.ready();
    await client.play(1, 300);
    await observe(700);
    await client.play(1, 300, 15);
    await playedIs(client, 1, 600);
  }),
  check('flush', 'What you get', 'flushed audio is dropped, later audio played', async (subject) => {
    const client = await subject.ready();
    await client.play(1, 800);
    await client.flush(1);
    await client.play(1, 600, 40);
    await client.play(2, 400);
    await playedIs(client, 2, 400);
  }),
  check('pause', 'What you get', 'paused playback stays, and resumes there', async (subject) => {
    const client = await subject.ready();
    await client.play(1, 600);
    await client.playback(1, 'paused');
    await observe(SETTLED_MS);
    const paused = client.played(1);
    await observe(SETTLED_MS);
    demand(
      client.played(1) === paused,
      () => `played grew from ${paused} to ${client.played(1)} while paused`,
    );
    demand(paused < client.samples(600), () => `all ${paused} samples were played in spite of the pause`);
    await client.playback(1, 'playing');
    await playedIs(client, 1, 600);
  }),
  check('duck', 'What you get', 'ducked playback plays on, also after a pause', async (subject) => {
    const client = await subject.ready();
    await client.play(1, 600);
    await client.playback(1, 'ducked');
    await playedIs(client, 1, 600);
    await client.play(2, 600);
    await client.playback(2, 'paused');
    await client.playback(2, 'ducked');
    await playedIs(client, 2, 600);
  }),
  check('hold', 'The voice stop', 'slow stands still while a stop is suspected', async (subject) => {
    const client = await subject.ready();
    const reports = () => client.all('action.result', ({ status }) => status === 'progress').length;
    await progress(client, '1-slow');
    await client.hold(true);
    const before = reports();
    await observe(SETTLED_MS);
    demand(reports() === before, () => '1-slow reported progress while it was to stand still');
    await client.hold(false);
    await client.until('progress of 1-slow', () => reports() > before || undefined, SETTLED_MS);
  }),
  check('action-done', 'Actions', 'wave is done once, with its data', async (subject) => {
    const client = await subject.ready();
    client.start('1-wave', 'wave', { times: 2 });
    const { data } = await client.result('1-wave', 'done');
    demand(
      JSON.stringify(data) === '{"times":2}',
      () => `expected data {"times":2}, got ${JSON.stringify(data)}`,
    );
    await observe(SETTLED_MS);
  }),
  check('action-failed', 'Actions', 'fail is failed, with a message', async (subject) => {
    const client = await subject.ready();
    client.start('1-fail', 'fail');
    const { message } = await client.result('1-fail', 'failed');
    demand(typeof message === 'string' && message !== '', () => 'the result has no message');
    await observe(SETTLED_MS);
  }),
  check('action-refused', 'Actions', 'an action that it does not know is refused', async (subject) => {
    const client = await subject.ready();
    client.start('1-fly', 'fly');
    await client.result('1-fly', 'refused');
  }),
  check('action-cancelled', 'Actions', 'slow reports progress, none once cancelled', async (subject) => {
    const client = await subject.ready();
    await progress(client, '1-slow');
    client.start('1-wave', 'wave', { times: 1 });
    await client.result('1-wave', 'done');
    await client.cancel('1-slow', 'slow');
    await observe(2 * SETTLED_MS);
  }),
  check('unknown', 'What you get', 'unknown types, fields and frames are ignored', async (subject) => {
    const client = await subject.ready();
    client.send({ type: 'weather', sun: true });
    client.send({ type: 'attention', state: 'asleep' });
    client.send({ type: 'error', code: 'BAD_FIELD', message: 'scripted', fatal: false });
    client.send({ type: 'state', value: 'speaking', turn: 1, generation: 1, seq: 2, at: 9, mood: 'good' });
    client.send(new Uint8Array([2, 1, ...Array(970).fill(0)]));
    client.send(new Uint8Array([1, 9, ...Array(970).fill(0)]));
    await client.play(1, 200);
    await playedIs(client, 1, 200);
    client.start('1-wave', 'wave', { times: 1, extra: null });
    await client.result('1-wave', 'done');
  }),
  check('ping', 'Errors and limits', 'pings are answered, also while it acts', async (subject) => {
    const client = await subject.ready();
    await progress(client, '1-slow');
    let pongs = 0;
    client.socket.on('pong', () => {
      pongs += 1;
    });
    client.socket.ping('1');
    await client.until('a pong', () => pongs > 0 || undefined, 1_500);
  }),
  check('reconnect', 'Errors and limits', 'after a cut it connects and asks to resume', async (subject) => {
    const client = await subject.ready('before-the-cut');
    await progress(client, '1-slow');
    client.cut();
    const again = await subject.server.visitor(RECONNECT_MS);
    const hello = await again.ready('after-the-cut');
    demand(
      hello.session === 'before-the-cut' && hello.epoch === 1,
      () => `hello asks for session ${hello.session}, epoch ${hello.epoch}`,
    );
    again.start('2-wave', 'wave', { times: 3 });
    await again.result('2-wave', 'done');
    await observe(SETTLED_MS);
  }),
  check(
    'backoff',
    'Errors and limits',
    'its pauses grow while the server does not answer',
    async ({ server, ready }) => {
      const client = await ready();
      server.refuses = true;
      client.cut();
      const from = server.attempts.length;
      await server.until('five attempts to connect', () => server.attempts[from + 4], LONGEST_PAUSE_MS);
      server.refuses = false;
      const [a = 0, b = 0, , d = 0, e = 0] = server.attempts.slice(from);
      demand(
        e - d > GROWTH * (b - a),
        () => `pauses of ${Math.round(b - a)} ms at first and ${Math.round(e - d)} ms later`,
      );
      await ready();
    },
  ),
  check(
    'drain',
    'Errors and limits',
    'DRAINING as a warning: stays; as the end: comes again',
    async ({ ready }) => {
      const client = await ready();
      client.send({ type: 'error', code: 'DRAINING', message: 'scripted', fatal: false });
      await client.play(1, 600);
      await playedIs(client, 1, 600);
      demand(client.closed === undefined, () => 'it left at the warning');
      client.end('DRAINING', 4503);
      await ready();
    },
  ),
  check(
    'wanted',
    'Errors and limits',
    'EPOCH_SUPERSEDED with retryAfterMs: comes again',
    async ({ ready }) => {
      const client = await ready();
      client.end('EPOCH_SUPERSEDED', 4409, { retryAfterMs: 0 });
      await ready();
    },
  ),
  ...[
    ['BAD_MESSAGE', 4400],
    ['UNAUTHORISED', 4401],
    ['EPOCH_SUPERSEDED', 4409],
    ['TOO_LARGE', 4413],
  ].map(([code, close]) =>
    check(
      `fatal-${close}`,
      'Errors and limits',
      `after ${close} it does not connect again`,
      async ({ server, ready }) => {
        const client = await ready();
        const before = server.attempts.length;
        client.end(String(code), Number(close));
        const startMs = realClock.nowMs();
        await observe(RECONNECT_MS);
        const again = server.attempts[before];
        demand(
          again === undefined,
          () => `it connected again after ${Math.round(Number(again) - startMs)} ms`,
        );
      },
    ),
  ),
];

function check(
  name: string,
  section: string,
  rule: string,
  run: (client: ClientSubject) => Promise<void>,
): Check<ClientSubject> {
  return { name, rule, section, run };
}

/** Waits until all `ms` of the generation are reported as played. */
async function playedIs(client: Visitor, generation: number, ms: number): Promise<void> {
  const all = client.samples(ms);
  const expected = `played {generation: ${generation}, samples: ${all}}`;
  await client.until(expected, () => (client.played(generation) >= all ? true : undefined), 3_000);
}

/** Starts `slow`, and waits for its progress. */
async function progress(client: Visitor, id: string): Promise<void> {
  client.start(id, 'slow');
  await client.message(
    'action.result',
    (result) => result.id === id && result.status === 'progress',
    `progress of ${id}`,
  );
}
