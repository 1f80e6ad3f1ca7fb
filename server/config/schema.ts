import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { defaultEarParameters } from '../../actors/ear/front-end.ts';
import { defaultDetectorParameters as heard } from '../../actors/speech-detector.ts';
import { openai as openaiLlm } from '../../adapters/llm/openai/engine.ts';
import { defaultModelsDir } from '../../adapters/models/folder.ts';
import { natsOptions } from '../../adapters/nats/options.ts';
import { openai as openaiStt } from '../../adapters/stt/openai/engine.ts';
import { openai as openaiTts } from '../../adapters/tts/openai/engine.ts';
import {
  constant,
  count,
  group,
  key,
  list,
  ms,
  optionalText,
  probability,
  text,
  yesNo,
} from '../../machines/options.ts';
import { parameterGroups } from '../../machines/parameters.ts';
import { overloadOptions } from '../degradation/options.ts';
import { jwtOptions } from '../door/jwt.ts';
import { doorLimits } from '../door/limits.ts';
import { chatOptions } from '../endpoints/chat-stream/endpoint.ts';
import { robotOptions } from '../endpoints/rosbridge/robot-options.ts';
import { wyomingOptions } from '../endpoints/wyoming/options.ts';
import { ENGINES } from '../engine-registry.ts';
import { failoverOptions } from '../failover/options.ts';
import { flagOptions } from '../flags/options.ts';
import { ingestOptions } from '../ingest/options.ts';
import { LOG_LEVELS } from '../log-levels.ts';
import { memoryOptions } from '../memory/options.ts';
import { outboxOptions } from '../outbox/options.ts';
import { packagedDialog } from '../packaged-dialogs.ts';
import { sharedOptions } from '../shared/options.ts';
import { toolOptions } from '../tools/options.ts';
import { traceOptions } from '../traces/options.ts';
import { byLanguage, chain, chains, optionsOf, phraseCache, servers, speechModel } from './engine-groups.ts';
import { keysOf } from './keys.ts';

/** The one description of the configuration: types, defaults, reference and errors all come from here. */
export const configSchema = z.strictObject({
  host: text('127.0.0.1', 'Address to listen on. 0.0.0.0 for every interface, which needs a token.'),
  port: key(z.int().min(0).max(65_535).default(7_400), 'Port to listen on; 0 for any free one.'),
  processes: key(
    z
      .string()
      .regex(/^(auto|[1-9]\d?)$/, 'must be auto or 1 to 99')
      .default('1'),
    'Server processes of `parley serve` on the one port: a number, or auto for one per core; see docs/how-to/scale.md.',
  ),
  publicUrl: key(
    z.url({ protocol: /^wss?$/ }).exactOptional(),
    'Address at which clients reach this server, such as wss://robot.example:7400, for those that another server refuses. Default: that on which it listens, unless that is every interface.',
  ),
  dataDir: text('.parley', 'Directory of the journal and the store. Relative to the working directory.'),
  token: key(
    z.string().min(8).max(4_096).exactOptional(),
    'Token that clients must present. Without one, and without `jwt.jwks`, only this machine is served; see docs/how-to/secure.md.',
    { secret: true },
  ),
  jwt: jwtOptions,
  insecure: yesNo(
    false,
    'Serve other machines without a token. Never use it where untrusted machines can reach the port.',
  ),
  allowedOrigins: list(
    [],
    'Origins whose pages may connect besides the server’s own, such as https://robot.example; * for any.',
  ),
  operatorOrigins: key(
    z
      .array(z.string().min(1))
      .refine(
        (origins) => !origins.includes('*'),
        'must name the origins; * would let any page look and command',
      )
      .default([]),
    'Origins whose pages may, without a token, also look at conversations and command sessions. No *; with a token it is the token that counts.',
  ),
  trustedProxies: list(
    [],
    'Addresses and networks (10.0.0.0/8) of proxies whose X-Forwarded-For names the client, for limits that count by address.',
  ),
  tls: group({
    cert: optionalText(
      'PEM file of a certificate, followed by intermediate ones. With it and `tls.key` the port speaks https: and wss: only. Read again when it changes.',
    ),
    key: optionalText('PEM file of the certificate’s private key, without a passphrase.'),
  }),
  language: key(
    z
      .string()
      .regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/, 'must be a language tag such as en or zh-CN')
      .default('en'),
    'Default language of a session, as BCP 47.',
  ),
  voice: optionalText('Default voice of a session. Without it, the engine’s own.'),
  dialog: key(
    z
      .string()
      .min(1)
      .default(() => packagedDialog()),
    'Dialog file of the `dialog` language engine.',
    {
      shownDefault: 'the packaged `examples/robot.dialog.yaml`',
    },
  ),
  behaviour: optionalText(
    'Behaviour file (TypeScript or JavaScript) with the task of the robot; see docs/how-to/behaviour.md.',
  ),
  models: group({
    dir: key(
      z
        .string()
        .min(1)
        .default(() => defaultModelsDir()),
      'Directory of the models that `parley models pull` fetches; see docs/how-to/engines.md.',
      { shownDefault: '`~/.cache/parley/models`' },
    ),
    // Twice the largest model of the catalogue.
    maxBytes: constant(
      key(
        z
          .int()
          .min(1)
          .max(2 ** 40)
          .default(4 * 2 ** 30),
        'Maximum size of a model, as an archive and unpacked, in bytes.',
      ),
    ),
    catalogue: optionalText(
      'JSON file with more models for `parley models`, in the form of the packaged catalogue.',
    ),
  }),
  pages: optionalText('Directory of the pages at `/`. Default: the packaged ones.'),
  log: group({
    level: key(
      z.enum(LOG_LEVELS).default('info'),
      'Lowest level that is logged. It can be changed in a running server; see docs/how-to/deploy.md.',
    ),
    format: key(
      z.enum(['auto', 'pretty', 'json']).default('auto'),
      'Log format: lines for people or JSON lines. auto: pretty on a terminal, JSON elsewhere.',
    ),
  }),
  bus: group({
    natsUrl: key(
      z.string().min(1).exactOptional(),
      'NATS server, such as nats://127.0.0.1:4222. Without it, everything runs in one process.',
      { alsoEnv: ['NATS_URL'] },
    ),
  }),
  nats: natsOptions,
  engines: group({
    stt: chain('stt', 'soundswallower', 'Speech recognisers:'),
    llm: chain('llm', 'dialog', 'Language engines:'),
    tts: chain('tts', 'espeak', 'Speech synthesisers:'),
    speech: speechModel(),
  }),
  chains: chains(),
  vad: group({
    engine: key(
      z.enum(['silero', 'webrtc']).default('silero'),
      'Detector of speech: a neural network, or WebRTC’s, which costs a tenth but takes loud noises for speech; see docs/how-to/engines.md.',
    ),
    webrtc: group({
      // The middle of its scale.
      aggressiveness: constant(
        key(z.int().min(0).max(3).default(2), '0 finds the most speech, 3 the least.'),
      ),
      // As long as a frame of the wire.
      frameMs: constant(
        key(z.int().min(10).max(30).multipleOf(10).default(20), 'Length of a window: 10, 20 or 30.'),
      ),
    }),
    // A run of the model would hold up the audio of all sessions.
    thread: constant(
      yesNo(
        availableParallelism() > 1,
        'Whether the model runs in its own thread, so that it does not block the event loop. Not with one core.',
      ),
    ),
    // Silence costs almost nothing with it.
    gate: constant(yesNo(true, 'Run a cheap detector first, so that silence costs almost nothing.')),
    // Beyond it a run takes longer than a window lasts.
    maxBatch: constant(count(64, 'Maximum number of windows, over all sessions, in one run of the model.')),
    startThreshold: probability(
      heard.startThreshold,
      'A window (32 ms) more likely speech than this is evidence for it.',
    ),
    // Fitted on recordings; see lab/evaluation.md.
    startEvidenceMs: ms(
      heard.startEvidenceMs,
      'Evidence that begins speech: all of a window that is certainly speech counts, none of one at the threshold.',
    ),
    earlyEvidenceMs: constant(
      ms(
        heard.earlyEvidenceMs,
        'Evidence that begins speech while a reply sounds, from a window that is not complete; at least startEvidenceMs. Above 32: such windows are not judged.',
      ),
    ),
    hintEvidenceMs: ms(
      heard.hintEvidenceMs,
      'Evidence of a first sign of speech, at which a reply becomes softer. From startEvidenceMs on: no such signs.',
    ),
    endThreshold: constant(
      probability(
        heard.endThreshold,
        'A window less likely speech than this is silence. Keep it below startThreshold.',
      ),
    ),
    stopSilenceMs: constant(
      ms(
        heard.stopSilenceMs,
        'Silence that ends speech; a pause within a sentence does not end the turn yet.',
      ),
    ),
    onsetPadMs: constant(ms(heard.onsetPadMs, 'How far before its first window speech is taken to begin.')),
  }),
  ear: group({
    // Off: SoundSwallower and the detector have filters of their own (lab/ear.md).
    highPassHz: constant(
      key(
        z.number().min(0).max(400).default(defaultEarParameters.highPassHz),
        'Frequency below which everything is removed, and a constant offset; 0 for nothing.',
      ),
    ),
    denoise: key(
      z.enum(['none', 'steady', 'rnnoise', 'sherpa']).default('none'),
      '`steady` takes the steady noise of motors and fans out of the microphone’s audio. `rnnoise` removes any noise; needs the optional package @echogarden/rnnoise-wasm. Costs 1.8 % of a core for each session; see docs/explanation/hearing.md. `sherpa` does it with the model gtcrn.',
    ),
    // The smallest model of the catalogue that removes noise.
    denoiseModel: constant(
      text('gtcrn', 'Model of `denoise: sherpa`: its name (`parley models list`) or its folder.'),
    ),
    // Off: a gate needs a user near the microphone and levels that are known, and neither helps the recogniser (lab/ear.md).
    gateDbfs: constant(
      key(
        z.number().min(-90).max(0).default(defaultEarParameters.gateDbfs),
        'Level below which the microphone is made 20 dB softer, dBFS (RMS); 0 for never.',
      ),
    ),
    targetDbfs: constant(
      key(
        z.number().min(-50).max(0).default(defaultEarParameters.targetDbfs),
        'Level to which speech is brought slowly, dBFS (RMS); 0 to leave it as it is.',
      ),
    ),
  }),
  voiceStop: group({
    listen: key(
      z.enum(['acting', 'busy', 'always', 'never']).default('acting'),
      'When the stop phrases of the dialog (`halt` entries) are listened for, beside the recogniser: `acting` while the robot moves or an action of it runs, `busy` also while it speaks, `always`, or `never`; see docs/explanation/hearing.md.',
    ),
    model: optionalText(
      'Spotter of keywords that listens, by its name (`parley models list`) or its folder. Default: SoundSwallower, for English dialogs.',
    ),
    // It hears 15 of 16 over babble where the phones alone hear 2.
    word: constant(
      key(
        z.boolean().default(true),
        'Whether the word "stop", if it is a stop phrase, is also listened for as a whole, which hears it in noise; 5 % of a core while there is sound.',
      ),
    ),
    // One thread listens faster than real time for all sessions of a robot.
    workers: constant(count(1, 'Number of threads that listen for them in this process.')),
  }),
  stt: group({ ...optionsOf(ENGINES.stt), servers: servers('stt', openaiStt.options) }),
  llm: group({
    systemPrompt: optionalText(
      'System prompt of a language model. Default: one that asks for short spoken answers, in the language of the turn.',
    ),
    tools: list(
      [],
      'Actions of the dialog file that a language model may request; * for all. The `dialog` engine does not need this list.',
    ),
    ...optionsOf(ENGINES.llm),
    servers: servers('llm', openaiLlm.options),
  }),
  tts: group({
    ...optionsOf(ENGINES.tts),
    servers: servers('tts', openaiTts.options),
    cache: phraseCache(),
  }),
  tools: toolOptions,
  speech: group(optionsOf(ENGINES.speech)),
  journal: group({
    enabled: yesNo(true, 'Journal every decision, for replay.'),
    audio: key(
      z.enum(['none', 'input', 'all']).default('none'),
      'Audio kept with the journal: the user’s (`input`), or the replies too (`all`).',
    ),
    maxAgeDays: count(30, 'Sessions older than this are deleted with all their data; 0 keeps them.', 0),
    maxMegabytes: count(
      1_000,
      'When all sessions together exceed this size, the oldest are deleted; 0 for no limit.',
      0,
    ),
  }),
  flags: flagOptions,
  outbox: outboxOptions,
  shared: sharedOptions,
  failover: failoverOptions,
  traces: traceOptions,
  inspect: group({
    enabled: yesNo(true, 'Serve the inspector at `/inspect`; see docs/how-to/debug.md.'),
    control: yesNo(false, 'Allow the inspector to send voice stop, interrupt and rearm.'),
    statelyPort: key(
      z.int().min(0).max(65_535).exactOptional(),
      'Port, on 127.0.0.1, for clients of `@statelyai/inspect` that watch the sessions; 0 for any free one. Without it, none.',
    ),
  }),
  memory: memoryOptions,
  chat: chatOptions,
  ingest: ingestOptions,
  ros: robotOptions,
  wyoming: wyomingOptions,
  limits: doorLimits,
  overload: overloadOptions,
  ...parameterGroups(),
  byLanguage: byLanguage(),
});

export type Config = z.infer<typeof configSchema>;

/** Every key, in the order of the reference, and the parameters that no configuration sets. */
export const parameterKeys = keysOf(configSchema);

/** Every key that a user can set. */
export const configKeys = parameterKeys.filter((key) => !key.constant);
