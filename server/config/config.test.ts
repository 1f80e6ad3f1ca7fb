import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { ParleyError } from '../../machines/errors.ts';
import { defaultParameters, type SessionParameters } from '../../machines/parameters.ts';
import { didYouMean } from '../../machines/policies/did-you-mean.ts';
import { temporaryFolder } from '../../test/support/after-test.ts';
import { enginesOf } from '../engine-registry.ts';
import { describeConfig, redactedConfig, renderConfig } from './describe.ts';
import { refuseExposure } from './exposure.ts';
import { type ConfigInput, loadConfig, resolveConfig } from './load.ts';
import { REMOVED_KEYS } from './removed.ts';
import { type Config, configKeys } from './schema.ts';

describe('the configuration', () => {
  let cwd: string;
  beforeEach(async () => {
    cwd = await temporaryFolder();
  });

  const file = (yaml: string, name = 'parley.config.yaml') => writeFile(join(cwd, name), yaml);
  const load = (input: ConfigInput = {}) => loadConfig({ cwd, ...input });
  const complaint = (input: ConfigInput = {}) => {
    try {
      load(input);
    } catch (error) {
      if (error instanceof ParleyError) return { code: error.code, message: error.message };
    }
    return undefined;
  };

  it('has a default for every required key', () => {
    const config = load();
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 7400,
      dataDir: '.parley',
      language: 'en',
      engines: { stt: ['soundswallower'], llm: ['dialog'], tts: ['espeak'] },
    });
    expect(config.dialog).toMatch(/examples.robot\.dialog\.yaml$/);
    expect(config.token).toBeUndefined();
  });

  it('takes the defaults of a session from the machine', () => {
    const parameters: SessionParameters = load();
    expect(parameters).toMatchObject(defaultParameters);
  });

  it('prefers a flag to the environment, the environment to the file, and the file to the default', async () => {
    await file('port: 1001\nhost: 10.0.0.1\ntoken: from-the-file\nlog: { level: warn }');
    const { config, sources } = resolveConfig({
      cwd,
      env: { PARLEY_PORT: '1002', PARLEY_LOG_LEVEL: 'debug' },
      flags: { port: '1003' },
    });
    expect(config).toMatchObject({ port: 1003, host: '10.0.0.1', log: { level: 'debug' }, language: 'en' });
    expect(sources.get('port')).toEqual({ kind: 'flag', name: '--port' });
    expect(sources.get('log.level')).toEqual({ kind: 'env', name: 'PARLEY_LOG_LEVEL' });
    expect(sources.get('host')).toEqual({ kind: 'file', name: 'parley.config.yaml' });
    expect(sources.get('language')).toMatchObject({ kind: 'default' });
  });

  it.each([
    ['PARLEY_ENDPOINTING_DELAY_MS', '300', (config: Config) => config.endpointing.delayMs, 300],
    ['PARLEY_BARGE_IN_CONFIRM_SPEECH_MS', '1', (config: Config) => config.bargeIn.confirmSpeechMs, 1],
    ['PARLEY_DATA_DIR', '/var/lib/p', (config: Config) => config.dataDir, '/var/lib/p'],
    ['NATS_URL', 'nats://bus:4222', (config: Config) => config.bus.natsUrl, 'nats://bus:4222'],
    ['OPENAI_API_KEY', 'sk-1', (config: Config) => config.tts.openai.apiKey, 'sk-1'],
    [
      'OPENAI_BASE_URL',
      'http://localhost:8000/v1',
      (config: Config) => config.stt.openai.baseURL,
      'http://localhost:8000/v1',
    ],
    ['PARLEY_ACTIONS_ALLOW', 'wave, nod', (config: Config) => config.actions.allow, ['wave', 'nod']],
    ['PARLEY_ACTIONS_ALLOW', ',', (config: Config) => config.actions.allow, []],
    ['PARLEY_INSECURE', 'no', (config: Config) => config.insecure, false],
    ['PARLEY_LLM_OPENAI_TEMPERATURE', '0.5', (config: Config) => config.llm.openai.temperature, 0.5],
    ['PARLEY_VAD_START_THRESHOLD', '0.6', (config: Config) => config.vad.startThreshold, 0.6],
    ['PARLEY_PORT', '', (config: Config) => config.port, 7400],
  ])('reads %s=%s', (name, value, read, expected) => {
    expect(read(load({ env: { [name]: value } }))).toEqual(expected);
  });

  it('prefers the variable of a key to one that several keys share', () => {
    const env = { OPENAI_API_KEY: 'shared', PARLEY_LLM_OPENAI_API_KEY: 'own' };
    const { llm, stt } = load({ env });
    expect([llm.openai.apiKey, stt.openai.apiKey]).toEqual(['own', 'shared']);
  });

  it('accepts flags by their documented name and by the name that commander makes of it', () => {
    const flags = {
      'endpointing.delay-ms': '300',
      'deadlines.sttMs': 20,
      'allowed-origins': ['https://a.example'],
    };
    const config = load({ flags: { ...flags, host: undefined } });
    expect(config.endpointing.delayMs).toBe(300);
    expect(config.deadlines.sttMs).toBe(20);
    expect(config.allowedOrigins).toEqual(['https://a.example']);
  });

  it('reads a named file, and a single word as a list of one', async () => {
    await file('actions:\n  allow: "*"\nlimits:\n  sessions: 7\nllm:\ntoken:\n', 'other.yaml');
    const config = load({ file: 'other.yaml' });
    expect(config.actions.allow).toEqual(['*']);
    expect(config.limits.sessions).toBe(7);
  });

  it('replaces the words of a given language and keeps those of the others', async () => {
    await file(
      'byLanguage:\n  en: { words: { backchannels: [aye] } }\n  nl: { words: { backchannels: [ja] } }\n',
    );
    const { backchannels } = load().words;
    expect(backchannels.en).toEqual(['aye']);
    expect(backchannels.nl).toEqual(['ja']);
    expect(backchannels.de).toEqual(defaultParameters.words.backchannels.de);
  });

  it('names every bad key and where it came from', async () => {
    await file(
      'limits:\n  sessions: many\nengines: { llm: gpt }\nallowedOrigins: [1]\nhots: 0.0.0.0\nlog: loud\n',
    );
    const found = complaint({
      env: { PARLEY_PORT: 'tcp://10.0.0.1:7400', PARLEY_DEADLINES_STT_MS: '-5' },
      flags: { 'turn-taking.delay-ms': '5', langauge: 'de', voice: '' },
    });
    expect(found?.code).toBe('CONFIG_INVALID');
    expect(
      found?.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim()),
    ).toEqual([
      '--turn-taking.delay-ms: unknown key; did you mean --endpointing.delay-ms?',
      '--langauge: unknown key; did you mean --language?',
      'hots (file parley.config.yaml): unknown key; did you mean host?',
      'log (file parley.config.yaml): must be a group of keys',
      expect.stringMatching(/^port \(env PARLEY_PORT\): /),
      expect.stringMatching(/^allowedOrigins\.0 \(file parley\.config\.yaml\): /),
      expect.stringMatching(/^voice \(flag --voice\): /),
      expect.stringMatching(/^limits\.sessions \(file parley\.config\.yaml\): .*expected number/),
      expect.stringMatching(/^deadlines\.sttMs \(env PARLEY_DEADLINES_STT_MS\): /),
      expect.stringMatching(/^engines\.llm \(file parley\.config\.yaml\): .* gpt; it can be /),
    ]);
    expect(found?.message).toContain(
      `it can be ${enginesOf('llm')
        .map(({ name }) => name)
        .join(', ')}, or one of llm.servers`,
    );
  });

  it('suggests the key under its right group', async () => {
    await file('sttMs: 5\n');
    expect(complaint()?.message).toContain('did you mean deadlines.sttMs?');
    expect(didYouMean('nothing alike', ['host', 'port'])).toBeUndefined();
  });

  it('says for each removed key what to do instead, wherever it was given', async () => {
    await file('llm: { stream: false }\nlimits: { sessionsPerAddress: 8 }\nport: 1\n');
    const found = complaint({
      env: { PARLEY_OUTBOX_REPLICAS: '3', PARLEY_LIMITS_PONG_TIMEOUT_MS: '' },
      flags: { 'vad.stop-silence-ms': '200', 'phrases.sayAgain': 'Pardon?', port: 'x' },
    });
    expect(found?.code).toBe('CONFIG_REMOVED');
    expect(
      found?.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim()),
    ).toEqual([
      '--vad.stop-silence-ms: it is a constant now; take the key out',
      '--phrases.sayAgain: set phrases.sayAgain of the language in `byLanguage`',
      'PARLEY_OUTBOX_REPLICAS in the environment: set `nats.replicas`',
      'llm.stream (file parley.config.yaml): set `flags.sseCore`',
      expect.stringMatching(
        /^limits\.sessionsPerAddress \(file parley\.config\.yaml\): set `limits\.sessionsPerUser`/,
      ),
      expect.stringMatching(/^port \(flag --port\): /),
    ]);
  });

  it('names only keys that exist in place of those that do not', () => {
    const names = configKeys.map(({ name }) => name);
    const groups = names.map((name) => name.slice(0, Math.max(0, name.lastIndexOf('.'))));
    for (const [removed, instead] of REMOVED_KEYS) {
      expect(names).not.toContain(removed);
      for (const [, named] of instead.matchAll(/`([^`]+)`/gu)) expect([...names, ...groups]).toContain(named);
    }
  });

  it('has at most 186 keys', () => {
    expect(configKeys.length).toBeLessThanOrEqual(186);
  });

  it('derives the silences of a turn and the length of summaries from one key each', () => {
    const flags = { 'endpointing.delay-ms': '800', 'history.max-tokens': '2000' };
    const { endpointing, history } = load({ flags });
    expect(endpointing).toMatchObject({ completeDelayMs: 400, incompleteDelayMs: 1_600 });
    expect(history.summaryTokens).toBe(1_000);
  });

  it('only warns of an unknown variable that begins with PARLEY_', () => {
    const { warnings } = resolveConfig({
      cwd,
      env: { PARLEY_LANGUGE: 'de', PARLEY_SERVICE_HOST: '10.0.0.1', PATH: '/' },
    });
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('did you mean PARLEY_LANGUAGE?');
  });

  it('warns of a server that serves other machines without a token', () => {
    const warnings = (flags: Record<string, string>) => resolveConfig({ cwd, flags }).warnings;
    expect(warnings({ host: '0.0.0.0', insecure: 'yes' })).toHaveLength(1);
    expect(warnings({ host: '0.0.0.0', token: 'long enough' })).toHaveLength(0);
    expect(warnings({ host: '::1' })).toHaveLength(0);
    expect(warnings({ 'wyoming.port': '1', 'wyoming.host': '::', insecure: 'yes' })).toHaveLength(1);
  });

  it('refuses to serve other machines without a token unless --insecure is set', () => {
    const refusal = (flags: Record<string, string>) => () => refuseExposure(loadConfig({ cwd, flags }));
    for (const host of ['0.0.0.0', '::', '192.168.0.7', 'robot.local'])
      expect(refusal({ host })).toThrow(/--token.*--insecure/u);
    expect(refusal({ host: '0.0.0.0', token: 'long enough' })).not.toThrow();
    expect(refusal({ host: '0.0.0.0', insecure: 'yes' })).not.toThrow();
    expect(refusal({ host: '127.0.0.1' })).not.toThrow();
    expect(refusal({ host: '::1' })).not.toThrow();
    const wyoming = { 'wyoming.host': '0.0.0.0', token: 'long enough' };
    expect(refusal({ ...wyoming, 'wyoming.port': '10300' })).toThrow(/no token.*--insecure/u);
    expect(refusal({ ...wyoming, 'wyoming.port': '10300', insecure: 'yes' })).not.toThrow();
    expect(refusal(wyoming)).not.toThrow();
  });

  it('requires an OpenAI key only for the OpenAI server itself', () => {
    const flags = { 'engines.llm': 'openai' };
    expect(complaint({ flags })?.message).toContain('llm.openai.apiKey');
    expect(complaint({ flags, env: { OPENAI_API_KEY: 'sk-1' } })).toBeUndefined();
    expect(complaint({ flags, env: { OPENAI_BASE_URL: 'http://localhost:1234/v1' } })).toBeUndefined();
  });

  it('accepts one or several engines of a kind, and further servers by name', async () => {
    await file(`engines: { llm: [fast, openai, dialog], tts: espeak }
llm:
  openai: { apiKey: sk-openai }
  servers:
    fast: { baseURL: 'http://127.0.0.1:8000/v1', model: small, apiKey: sk-secret }
`);
    const config = load();
    expect(config.engines).toEqual({
      stt: ['soundswallower'],
      llm: ['fast', 'openai', 'dialog'],
      tts: ['espeak'],
      speech: [],
    });
    expect(config.llm.servers.fast).toEqual({
      baseURL: 'http://127.0.0.1:8000/v1',
      apiKey: 'sk-secret',
      model: 'small',
      temperature: 0.3,
    });
    expect(load({ flags: { 'engines.llm': 'fast,dialog' } }).engines.llm).toEqual(['fast', 'dialog']);
    const servers = JSON.stringify({
      far: { baseURL: 'https://me:sk-secret@far.example/v1', apiKey: 'sk-secret' },
    });
    const env = { PARLEY_ENGINES_TTS: 'far, espeak', PARLEY_TTS_SERVERS: servers };
    const resolved = resolveConfig({ cwd, env });
    expect(resolved.config.tts.servers.far).toMatchObject({ voice: 'alloy', rate: 24_000 });
    expect(renderConfig(resolved)).toContain('"far":{"baseURL":"https://***@far.example/v1","apiKey":"***"');
    expect(renderConfig(resolved)).not.toContain('sk-secret');
    expect(JSON.stringify(redactedConfig(resolved.config))).not.toContain('sk-secret');
  });

  it.each([
    [{ 'engines.tts': 'espeak,espeak' }, 'espeak is named twice'],
    [{ 'engines.tts': 'siri' }, 'there is no engine siri'],
    [{ 'engines.tts': '' }, 'engines.tts'],
    [{ 'llm.servers': '{"openai":{"baseURL":"http://a"}}' }, 'built-in'],
    [{ 'llm.servers': '{"a b":{"baseURL":"http://a"}}' }, 'llm.servers'],
    [{ 'llm.servers': '{"fast":{}}' }, 'llm.servers.fast.baseURL'],
    [{ 'llm.servers': '{"fast":' }, 'llm.servers'],
  ])('refuses engines that cannot be: %o', (flags, complaint_) => {
    expect(complaint({ flags })).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(complaint_),
    });
  });

  it('reports a file that is missing, is invalid YAML or contains no keys', async () => {
    expect(complaint({ file: 'missing.yaml' })?.code).toBe('CONFIG_UNREADABLE');
    await file('a: [');
    expect(complaint()?.code).toBe('CONFIG_UNREADABLE');
    await file('port: 1\nport: 2');
    expect(complaint()?.code).toBe('CONFIG_UNREADABLE');
    await file('- a list');
    expect(complaint()?.code).toBe('CONFIG_INVALID');
    await file('# nothing yet');
    expect(complaint()).toBeUndefined();
    await file('__proto__: { polluted: 1 }\nconstructor: 1');
    expect(complaint()?.code).toBe('CONFIG_INVALID');
  });

  it('prints the effective values with their source, without secrets', () => {
    const env = {
      PARLEY_TOKEN: 'very secret',
      OPENAI_API_KEY: 'sk-secret',
      NATS_URL: 'nats://user:secret@bus:4222,me:secret@other:4222',
    };
    const resolved = resolveConfig({ cwd, env });
    const printed = renderConfig(resolved);
    expect(printed).not.toMatch(/secret/);
    expect(JSON.stringify(redactedConfig(resolved.config))).not.toMatch(/secret/);
    expect(printed).toContain('token = "***"  (env PARLEY_TOKEN)\n');
    expect(printed).toContain('bus.natsUrl = "nats://***@bus:4222,***@other:4222"  (env NATS_URL)\n');
    expect(printed).toContain('port = 7400  (default)\n');
    expect(printed).toContain('voice = (none)  (default)\n');
  });

  it('never repeats an invalid secret in an error', () => {
    const found = complaint({ flags: { token: 'hunter2' } });
    expect(found?.message).toContain('token (flag --token)');
    expect(found?.message).not.toContain('hunter2');
  });

  it('has one name for each key in the environment and as a flag', () => {
    const flags = configKeys.map(({ flag }) => flag);
    const variables = configKeys.map(({ env }) => env[0]);
    expect(new Set(flags).size).toBe(flags.length);
    expect(new Set(variables).size).toBe(variables.length);
  });

  it('is described by docs/reference/configuration.md', async () => {
    const page = fileURLToPath(new URL('../../docs/reference/configuration.md', import.meta.url));
    await expect(describeConfig()).toMatchFileSnapshot(page);
  });
});
