import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { compiled } from './program.ts';
import { sharePhrases } from './shared-phrases.ts';
import { UNHURRIED } from './unhurried.ts';

/** A `parley` process of a test. */
export interface ParleyProcess {
  readonly pid: number;
  /** Its output, both streams, line by line. */
  readonly lines: readonly string[];
  /** Waits for the first line that matches. Rejects with all output if the process ends without it. */
  line(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>;
  /** Sends the stop signal, and waits for the end. */
  stop(): Promise<number | NodeJS.Signals | null>;
  /** Kills it, like a crash. */
  kill(): Promise<void>;
}

/** The command as users have it. Compiles the sources first if they have changed. */
export const COMMAND = fileURLToPath(new URL('../../bin/parley.mjs', import.meta.url));

/** Flags of a server that nobody talks to. It loads no engines, which would take seconds of processor time. */
export const WITHOUT_ENGINES = ['--engines', 'remote'] as const;

/** Flags of a server to which clients only type. Its recogniser would take 1.6 s of processor time to load. It is not `ready`, but talks. */
export const ONLY_TYPED = ['--engines.stt', 'remote'] as const;

/** Flags of a server whose engines may be slow: a busy machine, too, is in time for them. */
export const PATIENT = [
  ...['--deadlines.stt-ms', '60000', '--deadlines.tts-ms', '60000'],
  ...['--deadlines.llm-first-token-ms', '60000', '--deadlines.llm-stall-ms', '60000'],
] as const;

/** Starts `parley`, in the test's environment without Parley's own variables. A server is {@link UNHURRIED}. */
export function parley(args: readonly string[], env: Readonly<Record<string, string>> = {}): ParleyProcess {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(PARLEY_|NATS_URL|OPENAI_)/u.test(name),
  );
  const giveBack = sharePhrases(args);
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: { ...Object.fromEntries(inherited), ...(args[0] === 'serve' && UNHURRIED), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.once('exit', giveBack);
  return watched(child);
}

/** Another process that keeps a SQLite file locked for writing. */
export interface DatabaseLock {
  /** Unlocks the file and ends the process. Idempotent. */
  release(): Promise<void>;
}

export async function lockDatabase(path: string): Promise<DatabaseLock> {
  const program = await compiled(new URL('./lock-database.ts', import.meta.url));
  const child = spawn(process.execPath, [program, path], { stdio: ['pipe', 'pipe', 'pipe'] });
  const { line, exited } = watched(child);
  await line(/^locked$/u);
  return {
    release: async () => {
      child.stdin.end();
      await exited;
    },
  };
}

export function watched(child: ChildProcess): ParleyProcess {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const check of [...waiting]) check();
  };
  let over = false;
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      wake();
    });
  }
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.on('close', (code, signal) => {
      over = true;
      wake();
      resolve(code ?? signal);
    });
  });
  return {
    pid: child.pid ?? -1,
    lines,
    exited,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const match = lines.map((line) => line.match(pattern)).find((found) => found !== null);
          if (!match && !over) return;
          waiting.delete(check);
          if (match) resolve(match);
          else reject(new Error(`no line ${pattern} in:\n${lines.join('\n')}`));
        };
        waiting.add(check);
        check();
      }),
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
