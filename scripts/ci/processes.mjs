// Child processes for CI scripts: run a command to its end, or start a server and stop it with all its children.
import { spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';

/** An environment in which npm and npx use `node`, without Parley's own variables. */
export function environment(node, more = {}) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(PARLEY_|NATS_URL$|OPENAI_|npm_)/i.test(name),
  );
  const PATH = `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`;
  return { ...Object.fromEntries(kept), PATH, ...more };
}

/** Resolves with the command's standard output. Rejects with all output if it fails or times out. */
export function run(command, args, { cwd, env, timeoutMs = 240_000 }) {
  const { child, output } = start(command, args, { cwd, env });
  let stdout = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), timeoutMs);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(stdout);
      else
        reject(
          new Error(`${command} ${args.join(' ')} in ${cwd} ended with ${code ?? signal}:\n${output()}`),
        );
    });
  });
}

/** Starts a command in its own process group. `line(pattern)` waits for a line of output. */
export function start(command, args, { cwd, env }) {
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const listeners = new Set();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part) => {
      text += part;
      for (const listener of listeners) listener();
    });
  const ended = new Promise((resolve) => {
    child.on('error', resolve);
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  const output = () => text.split('\n').slice(-60).join('\n');
  return {
    child,
    output,
    ended,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = text.match(pattern);
          if (found) {
            listeners.delete(look);
            resolve(found);
          }
        };
        listeners.add(look);
        look();
        void ended.then((code) =>
          reject(new Error(`${command} ended with ${code} without ${pattern}:\n${output()}`)),
        );
      }),
    async stop() {
      process.kill(-child.pid, 'SIGTERM');
      return ended;
    },
  };
}
