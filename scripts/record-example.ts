// Records examples/stalled-llm.jsonl, the session of docs/how-to/debug.md: a real server whose language engine accepts the
// first question and never answers. npx tsx scripts/record-example.ts
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { realClock } from '../adapters/real-clock.ts';
import { sqliteStore } from '../adapters/store/sqlite.ts';
import type { ServerMessage } from '../machines/wire.ts';
import { VoiceClient } from '../server/client/voice-client.ts';
import { journalLines } from '../server/journal-file.ts';
import { machineHash } from '../server/machine-hash.ts';
import { replayHere } from '../server/replay/replay.ts';
import { parley } from '../test/support/processes.ts';
import { speak } from '../test/support/speech.ts';
import { chatReply, openaiServer } from '../testing/loopback/mod.ts';

const target = fileURLToPath(new URL('../examples/stalled-llm.jsonl', import.meta.url));
const PATIENCE_MS = 60_000;
const ANSWER = ['My name is Parley. ', 'I am a talking robot.'];

let asked = 0;
const engine = await openaiServer({
  chat: () => {
    asked += 1;
    if (asked > 1) return chatReply(ANSWER);
    return [{ do: 'head', status: 200, headers: { 'content-type': 'text/event-stream' } }, { do: 'hang' }];
  },
});
const dataDir = mkdtempSync(join(tmpdir(), 'parley-example-'));
const flags = ['--engines.llm', 'openai', '--llm.openai.base-url', engine.baseURL];
const server = parley(['serve', '--port', '0', '--data-dir', dataDir, ...flags]);
try {
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  const client = await VoiceClient.connect({ url, clock: realClock });
  const ended = async () => {
    const matches = (message: ServerMessage) => message.type === 'reply.end';
    const since = client.arrivals.length;
    if (!(await client.waitFor(matches, { since, timeoutMs: PATIENCE_MS })))
      throw new Error('no reply ended');
  };
  await client.wait(300);
  await Promise.all([ended(), client.say(speak('what is your name'))]);
  await client.wait(500);
  await Promise.all([ended(), client.say(speak('what is your name'))]);
  await client.wait(500);
  await client.close();
} finally {
  await server.stop();
  await engine.close();
}

const store = sqliteStore({ path: join(dataDir, 'parley.db') });
const [only] = await store.journals();
if (!only) throw new Error('nothing was journaled');
const journal = await store.readJournal(only.session);
const report = replayHere(journal, machineHash());
if (!report.matches) throw new Error(report.message);
writeFileSync(target, [...journalLines({ journal, audio: [] })].join(''));
console.log(`${journal.records.length} records`);
await store.close();
rmSync(dataDir, { recursive: true, force: true });
