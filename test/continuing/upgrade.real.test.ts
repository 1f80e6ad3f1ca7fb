import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { freePort } from '../support/free-port.ts';
import { compiled } from '../support/program.ts';
import { otherBuild } from './other-build.ts';
import { startServer } from './restart.ts';

const SESSIONS = 20;
const PROGRAM = new URL('./server.ts', import.meta.url);
const BUILDS = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));

/** A user who says something new to the server after each of its restarts. */
class Talker {
  readonly client: ParleyClient;
  readonly epochs: number[] = [];
  /** How each reply began and ended, as the client heard it. */
  readonly heard: string[] = [];
  readonly ends: number[] = [];
  session = '';

  constructor(url: string) {
    this.client = new ParleyClient({ url });
    this.client.on('ready', ({ epoch }) => void this.epochs.push(epoch ?? 0));
    this.client.on('reply.end', ({ generation, heard }) => {
      this.ends.push(generation);
      this.heard.push(heard);
    });
  }

  async begin(): Promise<void> {
    this.session = (await this.client.connect()).session;
    const parameters = { type: 'object' } as const;
    this.client.settings({ tools: [{ name: 'drive', description: 'Drives.', parameters }] });
  }

  /** Says this, and is in the middle of the reply when this resolves. */
  async say(words: string): Promise<void> {
    this.client.text(words);
    await this.client.next('played', ({ samples }) => samples > 6_000);
  }

  /** Resolves when the session is resumed and the reply that was in the air has ended, with the time when it was resumed. */
  async back(): Promise<number> {
    const ended = this.client.next('reply.end');
    const ready = await this.client.next('ready');
    const atMs = performance.now();
    expect(ready).toMatchObject({ session: this.session, resumed: true });
    expect((await ended).reason).toBe('interrupted');
    return atMs;
  }
}

it('an upgrade to a build with one more state and a renamed member of the context resumes every session, and so does the way back', async () => {
  const dataDir = await temporaryFolder();
  const port = await freePort();
  const program = await compiled(PROGRAM);
  const folder = join(BUILDS, `other-build-${process.pid}`);
  afterTest(() => rm(folder, { recursive: true, force: true }));
  const builds = [program, await otherBuild(program, folder)];
  let server = await startServer(dataDir, port, { program });
  afterTest(() => server.kill());
  const talkers = Array.from({ length: SESSIONS }, () => new Talker(server.url));
  afterTest(() => {
    for (const { client } of talkers) client.close();
  });
  for (const talker of talkers) await talker.begin();

  const slowest: number[] = [];
  for (const [how, build] of [
    ['stop', 1],
    ['stop', 0],
    ['kill', 1],
    ['kill', 0],
  ] as const) {
    // The action of the first round runs on when its server ends.
    await Promise.all(
      talkers.map((talker) => talker.say(slowest.length === 0 ? 'drive' : 'tell me a story')),
    );
    const back = Promise.all(talkers.map((talker) => talker.back()));
    await server[how]();
    server = await startServer(dataDir, port, { program: builds[build] });
    const listensAtMs = performance.now();
    slowest.push(Math.max(...(await back)) - listensAtMs);
  }
  if (process.env.PARLEY_FIGURES) console.log('slowest return after each start, ms:', slowest);

  const answers = await Promise.all(
    talkers.map(async ({ client }) => {
      client.text('what did I say?');
      return (await client.next('reply.end')).heard;
    }),
  );
  for (const [i, { client, heard, ends, epochs, session }] of talkers.entries()) {
    const said = answers[i] ?? '';
    for (const text of heard.slice(0, 4)) expect(said).toContain(`assistant: ${text}`);
    expect(said.match(/user: drive /gu)).toHaveLength(1);
    expect(said.match(/user: tell me a story/gu)).toHaveLength(3);
    expect(new Set(ends).size).toBe(ends.length);
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
    expect(new Set(epochs).size).toBe(5);
    client.close();
    expect(session).not.toBe('');
  }
  await server.stop();
  expect((await readFile(join(dataDir, 'ran.txt'), 'utf8')).trim().split('\n')).toHaveLength(SESSIONS);
  const store = sqliteStore({ path: join(dataDir, 'parley.db') });
  afterTest(() => store.close());
  for (const { session, ends } of talkers)
    expect((await store.turns(session)).map(({ generation }) => generation)).toEqual(ends);
}, 600_000);
