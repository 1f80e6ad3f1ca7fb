import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { openai as openaiLlm } from '../../adapters/llm/openai/engine.ts';
import { count, key, list, ms, optionalMs, optionalText, text, yesNo } from '../../adapters/options.ts';
import { openai as openaiStt } from '../../adapters/stt/openai/engine.ts';
import { openai as openaiTts } from '../../adapters/tts/openai/engine.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import { defaultDoorLimits } from '../door/limits.ts';
import { ENGINES } from '../engine-registry.ts';
import { chain, chains, optionsOf, phraseCache, servers } from './engine-groups.ts';
import { keysOf } from './keys.ts';
import { sessionGroups } from './session-groups.ts';

/** The one description of the configuration: types, defaults, reference and errors all come from here. */
export const configSchema = z.strictObject({
  host: text('127.0.0.1', 'Address to listen on. 0.0.0.0 for every interface, which needs a token.'),
  port: key(z.int().min(0).max(65_535).default(7_400), 'Port to listen on; 0 for any free one.'),
  dataDir: text('.parley', 'Directory of the journal and the store. Relative to the working directory.'),
  token: key(
    z.string().min(8).max(1_024).exactOptional(),
    'What clients must present. None: only this machine is served; see security.md.',
    { secret: true },
  ),
  insecure: yesNo(
    false,
    'Serve other machines without a token. Never where somebody else can reach the port.',
  ),
  allowedOrigins: list(
    [],
    'Origins whose pages may connect besides the server’s own, such as https://robot.example; * for any.',
  ),
  language: key(
    z
      .string()
      .regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/, 'must be a language tag such as en or zh-CN')
      .default('en'),
    'Language of a client that names none, as BCP 47.',
  ),
  voice: optionalText('Voice of a client that names none. Else the engine’s own.'),
  dialog: key(z.string().min(1).default(packagedDialog), 'Dialog file of the `dialog` language engine.', {
    shownDefault: 'the packaged `examples/robot.dialog.yaml`',
  }),
  pages: optionalText('Directory of the pages at `/`. Else the packaged ones.'),
  log: z
    .strictObject({
      level: key(
        z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
        'What is logged: this and what is more severe.',
      ),
      format: key(
        z.enum(['auto', 'pretty', 'json']).default('auto'),
        'How it is logged: lines for people or JSON lines. auto: pretty on a terminal, JSON elsewhere.',
      ),
    })
    .prefault({}),
  bus: z
    .strictObject({
      natsUrl: key(
        z.string().min(1).exactOptional(),
        'NATS server, such as nats://127.0.0.1:4222. None: all runs in one process.',
        { alsoEnv: ['NATS_URL'] },
      ),
    })
    .prefault({}),
  engines: z
    .strictObject({
      stt: chain('stt', 'soundswallower', 'Who recognises speech:'),
      llm: chain('llm', 'dialog', 'Who finds the reply:'),
      tts: chain('tts', 'espeak', 'Who speaks it:'),
    })
    .prefault({}),
  chains: chains(),
  vad: z
    .strictObject({
      thread: yesNo(
        true,
        'Run the model in a thread of its own, so that it holds up nothing else. No: on a machine with one core.',
      ),
      gate: yesNo(true, 'Ask a cheap detector first, so that silence costs next to nothing.'),
      maxBatch: count(64, 'Windows of all sessions that are judged in one run, at most.'),
      gatherMs: optionalMs(
        'Runs begin at least so far apart, so that under load more windows share one. None: 4 to 16 by how many speak with a thread, 16 without.',
      ),
    })
    .prefault({}),
  stt: z.strictObject({ ...optionsOf(ENGINES.stt), servers: servers('stt', openaiStt.options) }).prefault({}),
  llm: z
    .strictObject({
      stream: yesNo(true, 'Speak replies while they are being written; else each is waited for as a whole.'),
      systemPrompt: optionalText('Instructions to a language model, before the conversation.'),
      tools: list(
        [],
        'Actions of the dialog file that a language model may ask for; * for all of them. The dialog itself needs no such list.',
      ),
      ...optionsOf(ENGINES.llm),
      servers: servers('llm', openaiLlm.options),
    })
    .prefault({}),
  tts: z
    .strictObject({
      stream: yesNo(true, 'Play speech while it is being made; else each segment is waited for as a whole.'),
      ...optionsOf(ENGINES.tts),
      servers: servers('tts', openaiTts.options),
      cache: phraseCache(),
    })
    .prefault({}),
  journal: z
    .strictObject({
      enabled: yesNo(true, 'Whether every decision is journaled, for replay.'),
      audio: key(
        z.enum(['none', 'input', 'all']).default('none'),
        'Which audio is kept beside the journal: what was heard, or what was said too.',
      ),
      maxAgeDays: count(30, 'Sessions older than this are deleted, turns and all; 0 to keep them.', 0),
      maxMegabytes: count(
        1_000,
        'The oldest sessions are deleted once all take more than this; 0 for no limit.',
        0,
      ),
    })
    .prefault({}),
  metrics: z
    .strictObject({
      enabled: yesNo(true, 'Whether `/metrics` tells Prometheus how the server fares; see metrics.md.'),
    })
    .prefault({}),
  inspect: z
    .strictObject({
      enabled: yesNo(true, 'Whether `/inspect` shows the sessions; see inspector.md.'),
      control: yesNo(false, 'Whether voice stop, interrupt and rearm may be sent from there.'),
      stately: z
        .strictObject({
          enabled: yesNo(
            false,
            'Whether clients of `@statelyai/inspect` may watch too, on this machine only.',
          ),
          port: key(z.int().min(0).max(65_535).default(7_401), 'Where they connect to, on 127.0.0.1.'),
        })
        .prefault({}),
    })
    .prefault({}),
  limits: z
    .strictObject({
      sessions: count(defaultDoorLimits.sessions, 'Sessions at once; the next one is refused with TOO_MANY.'),
      pendingConnections: count(
        defaultDoorLimits.pendingConnections,
        'Connections at once that have not said hello yet.',
      ),
      connectionsPerAddress: count(
        defaultDoorLimits.connectionsPerAddress,
        'Connections of one address at once. Behind a proxy all clients have the address of the proxy.',
      ),
      idleMs: ms(
        defaultDoorLimits.idleMs,
        'A connection on which nothing goes either way for so long is closed.',
      ),
      messagesPerSecond: count(
        defaultDoorLimits.messagesPerSecond,
        'Text messages a second that one client may send, in the long run.',
      ),
      messageBurst: count(defaultDoorLimits.messageBurst, 'Text messages that one client may send at once.'),
      turnsPerSecond: count(
        defaultDoorLimits.turnsPerSecond,
        'Typed turns a second that one session may take, in the long run.',
      ),
      turnBurst: count(defaultDoorLimits.turnBurst, 'Typed turns that one session may take at once.'),
      loopDelayMs: ms(
        defaultDoorLimits.loopDelayMs,
        'How late timers may come before new sessions and turns are refused with OVERLOADED.',
      ),
      waitingRequests: count(
        defaultDoorLimits.waitingRequests,
        'Requests that may wait for one kind of engine before new sessions and turns are refused with OVERLOADED. Raise it for engines that answer many at once.',
      ),
      unreadMs: ms(
        defaultDoorLimits.unreadMs,
        'How long a client may read nothing of what was sent to it before it counts as a slow reader.',
      ),
      pingIntervalMs: ms(defaultDoorLimits.pingIntervalMs, 'A client is pinged at least so often.'),
      pongTimeoutMs: ms(
        defaultDoorLimits.pongTimeoutMs,
        'How far behind a client may be with reading: a ping not answered for so long ends the connection.',
      ),
      openMs: ms(defaultDoorLimits.openMs, 'How long a session may take to open.'),
      closeGraceMs: ms(defaultDoorLimits.closeGraceMs, 'How long a closing handshake may take.'),
      drainGraceMs: ms(
        defaultDoorLimits.drainGraceMs,
        'How long live sessions may go on once the server is told to stop.',
      ),
    })
    .prefault({}),
  ...sessionGroups(defaultParameters),
});

export type Config = z.infer<typeof configSchema>;

/** Every key, in the order of the reference. */
export const configKeys = keysOf(configSchema);

// The sources lie two levels below the package, the compiled output three.
function packagedDialog(): string {
  const candidates = ['../../', '../../../'].map((up) =>
    fileURLToPath(new URL(`${up}examples/robot.dialog.yaml`, import.meta.url)),
  );
  return candidates.find((path) => existsSync(path)) ?? 'examples/robot.dialog.yaml';
}
