import { spawn } from 'node:child_process';
import { Command, InvalidArgumentError } from 'commander';
import { ParleyError } from '../../machines/errors.ts';
import type { Outcome } from '../conformance/check.ts';
import type { ClientProgram, KitOptions } from '../conformance/kit.ts';
import { print } from '../terminal.ts';
import { type SetExitCode, withExamples } from './config-flags.ts';

interface Flags {
  readonly listen?: number;
  readonly run?: string;
  readonly token?: string;
  readonly speech?: string;
  readonly short: string;
  readonly long: string;
  readonly action: string;
  readonly only?: readonly string[];
  readonly json?: true;
}

/** How long a client program has to end after SIGTERM, ms. */
const END_MS = 2_000;
/** What is shown of the output of a program that ended. */
const SHOWN_OUTPUT = 500;

/** `parley conformance`: tests a server, or a client, of the native protocol. Exit code 1 if it breaks a rule. */
export function conformanceCommand(setExitCode: SetExitCode): Command {
  const command = new Command('conformance').description(
    'test a server of the protocol parley.v1, or a client that you write (docs/reference/commands.md)',
  );
  return withExamples(command, [
    'parley conformance ws://127.0.0.1:7400',
    'parley conformance --run "python3 my_client.py"',
    'parley conformance --listen 7500 --only played,flush',
  ])
    .argument('[url]', 'test this server', address)
    .option('--listen <port>', 'test a client that you start by hand; 0: any free port', port)
    .option('--run <command>', 'test a client: start it for each check, with PARLEY_URL and PARLEY_TOKEN')
    .option('--token <token>', 'token of the server', process.env.PARLEY_TOKEN)
    .option('--speech <file.wav>', 'a sentence that the server answers (default: "what is your name")')
    .option('--short <text>', 'typed turn with a short reply', 'hello')
    .option('--long <text>', 'typed turn with a reply of 10 s or more', 'tell me a story')
    .option('--action <text>', 'typed turn that starts an action', 'go forward')
    .option('--only <names>', 'these checks alone, separated by commas', (names) => names.split(','))
    .option('--json', 'the outcomes as JSON')
    .action(async (url: string | undefined, flags: Flags, command: Command) => {
      const { listen, run, only, json } = flags;
      if ([url, listen, run].filter((one) => one !== undefined).length !== 1)
        command.error('error: give the URL of a server, or --listen, or --run');
      const options: KitOptions = {
        ...(only && { only }),
        onStart: ({ name }) => {
          if (process.stderr.isTTY && !json) process.stderr.write(`\r… ${name.padEnd(20)}\r`);
        },
        onOutcome: (outcome) => {
          if (!json) print(lineOf(outcome));
        },
      };
      const test = async () => {
        if (url !== undefined) return testOf(url, flags, options);
        const { testClient, testClientByHand, CONFORMANCE_TOKEN } = await import('../conformance/kit.ts');
        if (run !== undefined) return testClient((at, token) => program(run, at, token), options);
        const { ScriptedServer } = await import('../conformance/scripted-server.ts');
        const server = await ScriptedServer.listen(listen ?? 0);
        console.error(`Listening at ${server.url}. Start your client with this URL and the token`);
        console.error(
          `"${CONFORMANCE_TOKEN}", and again whenever it has ended and the line of the check is out.`,
        );
        return testClientByHand(server, options).finally(() => server.close());
      };
      try {
        const outcomes = await test();
        const failed = outcomes.filter(({ result }) => result === 'failed').length;
        const passed = outcomes.filter(({ result }) => result === 'passed').length;
        if (json) print(JSON.stringify({ passed, failed, checks: outcomes }, null, 2));
        else print(`${passed} passed, ${failed} failed, ${outcomes.length - passed - failed} not checked`);
        setExitCode(failed > 0 ? 1 : 0);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        command.error(`error: ${error.message}`);
      }
    });
}

async function testOf(url: string, flags: Flags, options: KitOptions): Promise<readonly Outcome[]> {
  const { testServer } = await import('../conformance/kit.ts');
  const { token, speech, ...phrases } = flags;
  await fetch(new URL('/healthz', url.replace(/^ws/u, 'http'))).catch((cause: Error) => {
    const { message } = cause.cause instanceof Error ? cause.cause : cause;
    throw new ParleyError('SERVER_UNREACHABLE', `${url}: ${message}`, { cause });
  });
  const spoken =
    speech === undefined ? ownSpeech() : (await import('../transcribe/recording.ts')).readRecording(speech);
  const server = { url: url.replace(/^http/u, 'ws'), phrases, speech: () => spoken };
  return testServer({ ...server, ...(token !== undefined && { token }) }, options);
}

/** A question that the example dialog answers, in the demo's voice. */
async function ownSpeech() {
  const { espeakTts } = await import('../../adapters/tts/espeak/espeak.ts');
  const { speaker } = await import('../demo/user-voice.ts');
  const tts = espeakTts({ voice: 'en-us+m3', ratePerMinute: 150 });
  try {
    return await (await speaker(tts))('what is your name');
  } finally {
    await tts.close();
  }
}

/** The client's command in a process group of its own, which `stop` ends. */
function program(command: string, url: string, token: string): ClientProgram {
  const env = { ...process.env, PARLEY_URL: url, PARLEY_TOKEN: token };
  const child = spawn(command, { shell: true, detached: true, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      output = `${output}${data}`.slice(-SHOWN_OUTPUT);
    });
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(`${signal ?? `exit code ${code}`} ${output.trim()}`));
  });
  const end = (signal: NodeJS.Signals) => {
    // Its group, because the shell may have started others.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, signal);
  };
  const killAtExit = () => end('SIGKILL');
  process.once('exit', killAtExit);
  return {
    exited,
    stop: async () => {
      end('SIGTERM');
      const timer = setTimeout(() => end('SIGKILL'), END_MS);
      await exited;
      clearTimeout(timer);
      process.off('exit', killAtExit);
    },
  };
}

function lineOf({ name, rule, section, result, reason }: Outcome): string {
  const line = `${result.padEnd(11)}  ${name.padEnd(18)}  ${rule}`;
  return reason === undefined
    ? line
    : `${line}\n             ${reason}\n             docs/reference/protocol.md, "${section}"`;
}

function address(text: string): string {
  if (URL.canParse(text) && /^(?:ws|http)s?:/u.test(text)) return text;
  throw new InvalidArgumentError('must be an address such as ws://127.0.0.1:7400.');
}

function port(text: string): number {
  if (/^\d{1,5}$/u.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('must be a port from 0 to 65535.');
}
