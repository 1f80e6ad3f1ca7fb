import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeWav } from '../../adapters/wav.ts';
import { main } from '../../server/cli.ts';
import { folderOfFile } from '../support/after-test.ts';

const folder = folderOfFile();
let printed: string;
beforeAll(() => {
  const put = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);
  mkdirSync(join(folder, 'folder'));
  put('file', 'not what is wanted');
  put('bad.yaml', 'port: [');
  put('good.wav', writeWav({ rate: 16_000, samples: new Int16Array(160) }));
  put('empty.jsonl', '');
  put('deep.jsonl', `${'['.repeat(3_000)}${']'.repeat(3_000)}\n`);
  put('deep-header.jsonl', `{"type":"header","input":${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}}\n`);
});
beforeEach(() => {
  printed = '';
  const take = (text: unknown) => {
    printed += `${String(text)}\n`;
    return true;
  };
  for (const method of ['log', 'error'] as const) vi.spyOn(console, method).mockImplementation(take);
  vi.spyOn(process.stderr, 'write').mockImplementation(take);
  vi.spyOn(process.stdout, 'write').mockImplementation(take);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Runs a command line; `@x` stands for the file x of the test's folder. */
async function call(line: string): Promise<number> {
  return main(line.split(' ').map((word) => word.replace('@', `${folder}/`)));
}

describe('an invalid command line', () => {
  it.each([
    ['nonsense', "unknown command 'nonsense'"],
    ['serv', '(Did you mean serve?)'],
    ['serve --prot 1', '(Did you mean --port?)'],
    ['serve --tts.cache.enable=no', '(Did you mean --tts.cache.enabled?)'],
    ['serve --log-format=json', '(Did you mean --log.format?)'],
    ['serve --engines local', '--engines takes only `remote`'],
    ['worker --engines ears', "not 'ears'"],
    ['talk', 'missing required argument'],
    ['talk @good.wav --gap soon', 'must be a whole number of ms'],
    ['talk @good.wav --url nowhere', 'must be an address such as ws://'],
    ['replay', 'name a session or file, or give --all'],
    ['replay x --until soon', 'must be a whole number'],
    ['replay x --until 3 --against HEAD', '--until does not go with --against'],
    ['journal nonsense', 'unknown command'],
    ['journal export', 'missing required argument'],
    ['journal list --data-dri x', '(Did you mean --data-dir?)'],
    ['sim', 'required option'],
    ['sim --seeds x', 'expected A..B'],
    ['sim --seeds 1 --faults @missing.yaml', 'ENOENT'],
  ])('parley %s: says what is wrong and where help is', async (line, expected) => {
    expect(await call(line)).toBe(2);
    expect(printed).toContain(expected);
    expect(printed).toMatch(/\(see parley.*--help\)|--faults/u);
    expect(printed).not.toMatch(/^\s+at |defect/mu);
  });

  it.each([
    ['serve --port 99999', 'CONFIG_INVALID'],
    ['serve --log.format=xml', 'CONFIG_INVALID'],
    ['serve --llm.stream=no', 'CONFIG_REMOVED'],
    ['serve --vad.gate', 'CONFIG_REMOVED'],
    ['serve --config @missing.yaml', 'CONFIG_UNREADABLE'],
    ['serve --config @bad.yaml', 'CONFIG_UNREADABLE'],
    ['serve --dialog @missing.yaml', 'DIALOG_UNREADABLE'],
    ['serve --dialog @file', 'DIALOG_INVALID'],
    ['serve --port 0 --data-dir @file', 'DATA_DIR_UNUSABLE'],
    ['serve --port 0 --data-dir /proc/parley', 'DATA_DIR_UNUSABLE'],
    ['serve --port 0 --data-dir @data --tls.cert @file', 'CONFIG_INVALID'],
    ['serve --port 0 --data-dir @data --tls.cert @file --tls.key @file', 'TLS_INVALID'],
    ['worker', 'CONFIG_INVALID'],
    ['worker --data-dir @worker --bus.nats-url nats://127.0.0.1:1', 'BUS_UNREACHABLE'],
    ['check-config --config @bad.yaml', 'CONFIG_UNREADABLE'],
    ['check-config --tls.cert @missing.pem --tls.key @missing.pem', 'TLS_UNREADABLE'],
    ['talk @missing.wav', 'AUDIO_FILE_UNREADABLE'],
    ['talk @folder', 'AUDIO_FILE_UNREADABLE'],
    ['talk @file', 'AUDIO_FILE_INVALID'],
    ['talk @good.wav --out @missing/out.wav', 'OUTPUT_FAILED'],
    ['talk @good.wav --url ws://127.0.0.1:1', 'SERVER_UNREACHABLE'],
    ['demo --out @missing/out.wav', 'OUTPUT_FAILED'],
    ['journal list --data-dir @missing', 'SESSION_UNKNOWN'],
    ['journal list --data-dir @file', 'SESSION_UNKNOWN'],
    ['journal import @missing.jsonl --data-dir @data', 'JOURNAL_UNREADABLE'],
    ['journal import @folder --data-dir @data', 'JOURNAL_UNREADABLE'],
    ['journal import @empty.jsonl --data-dir @data', 'JOURNAL_FORMAT'],
    ['journal import @file --data-dir @data', 'JOURNAL_FORMAT'],
    ['journal import @deep.jsonl --data-dir @data', 'JOURNAL_FORMAT'],
    ['journal import @deep-header.jsonl --data-dir @data', 'JOURNAL_FORMAT'],
    ['journal export unknown --data-dir @data', 'SESSION_UNKNOWN'],
    ['journal delete unknown --data-dir @data', 'SESSION_UNKNOWN'],
    ['replay @missing.jsonl', 'JOURNAL_UNREADABLE'],
    ['replay @folder', 'JOURNAL_UNREADABLE'],
    ['replay @deep.jsonl', 'JOURNAL_FORMAT'],
    ['replay unknown --data-dir @data', 'SESSION_UNKNOWN'],
    ['replay @empty.jsonl --against @folder', 'REPLAY_AGAINST'],
  ])('parley %s: %s with what to do, and no stack', async (line, code) => {
    expect(await call(line)).toBe(1);
    expect(printed).toContain(`code: ${code}`);
    if (!line.startsWith('replay')) expect(printed).toContain('what to do: ');
    expect(printed).not.toMatch(/^\s+at |defect/mu);
    expect(printed).not.toContain('loading');
  });

  it('does not suggest another format if the file does not exist', async () => {
    await call('talk @missing.wav');
    expect(printed).toMatch(/cannot be read.*missing\.wav/u);
    expect(printed).toContain('check the path');
    expect(printed).not.toContain('16-bit');
  });
});

it('parley check-config warns of a recogniser that knows only the dialog while a model answers, with the flag that helps', async () => {
  const model = '--engines.llm=openai --llm.openai.base-url=http://127.0.0.1:1/v1';
  expect(await call(`check-config ${model}`)).toBe(0);
  expect(printed).toMatch(/warning: engines\.llm openai answers anything.*--engines\.stt=openai/u);
  printed = '';
  expect(
    await call(`check-config ${model} --engines.stt=openai --stt.openai.base-url=http://127.0.0.1:1/v1`),
  ).toBe(0);
  expect(printed).not.toContain('warning:');
});

describe('parley --help', () => {
  const commands = ['serve', 'worker', 'talk', 'demo', 'check-config', 'replay', 'sim'];
  const journal = ['list', 'export', 'import', 'delete'].map((name) => `journal ${name}`);

  it.each(['', 'journal', ...commands, ...journal])(
    'parley %s --help shows how it is called',
    async (name) => {
      expect(await call(`${name} --help`.trim())).toBe(0);
      expect(printed).toMatch(new RegExp(`Examples:\\n.*parley ${name}`, 'u'));
    },
  );
});
