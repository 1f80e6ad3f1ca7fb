// Installs Parley like users do, on each supported Node, and runs the short test: from a fresh clone of this commit,
// and from the package in an empty project with ordinary npm, with and without install scripts. Needs espeak-ng.
//
//   node scripts/ci/installs.mjs [20 22 …]
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment, run, start } from './processes.mjs';
import { shortTest } from './short-test.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'parley', 'ci-nodes');
const own = process.versions.node.split('.')[0];
const wanted = process.argv.slice(2);
const versions =
  wanted.length > 0 ? wanted : [own, '22', '24', '26'].filter((v, at, all) => all.indexOf(v) === at);
/** Goal on Node 22 and newer: time from the start command to the first spoken reply, in s, without installation. */
const FIRST_REPLY_S = 30;
/** Maximum size of the container image, and the part of distroless/cc-debian12 (docs/how-to/deploy.md), in MB. */
const IMAGE_MB = 300;
const BASE_IMAGE_MB = 25;

// The short test is a client out of dist/.
execFileSync(process.execPath, [join(root, 'scripts/prepare.mjs')], {
  stdio: ['ignore', 'ignore', 'inherit'],
});

const work = mkdtempSync(join(tmpdir(), 'parley-installs-'));
const started = performance.now();
const failures = [];
try {
  const wav = join(work, 'question.wav');
  execFileSync('espeak-ng', ['-v', 'en-us', '-s', '150', '-w', wav, 'what is your name']);
  const nodes = new Map();
  for (const version of versions) nodes.set(version, await nodeOf(version));
  const tarball = await pack();
  const prepared = await Promise.allSettled(
    versions.map(async (version) => [
      // The whole test suite already runs in a clone on this Node.
      ...(version === own ? [] : await cloneOn(version, nodes.get(version))),
      ...(await projectsOn(version, nodes.get(version), tarball)),
    ]),
  );
  for (const [at, result] of prepared.entries()) {
    if (result.status === 'rejected') fail(`Node ${versions[at]}`, result.reason);
    else for (const install of result.value) await test({ ...install, wav });
  }
} finally {
  // At the same time: one after another the ten installs take minutes on a busy machine.
  await Promise.all(readdirSync(work).map((name) => rm(join(work, name), { recursive: true, force: true })));
  rmSync(work, { recursive: true, force: true });
}
console.log(`ci: installs took ${((performance.now() - started) / 1_000).toFixed(0)} s`);
if (failures.length > 0) {
  console.error(`ci: ${failures.length} failed: ${failures.join('; ')}`);
  process.exit(1);
}

async function test({ title, version, installS, ...install }) {
  try {
    const { listensS, spokenS } = await shortTest(install);
    console.log(
      `ci: ${title}: installed in ${installS.toFixed(0)} s, listens after ${listensS.toFixed(1)} s, ` +
        `first spoken reply after ${spokenS.toFixed(1)} s; typed and spoken turn, journal and replay ok`,
    );
    if (install.after) await install.after(install);
    // Printed, not asserted: the figure depends more on the machine's load than on Parley.
    if (Number(version) >= 22 && spokenS > FIRST_REPLY_S)
      console.log(`ci: ${title}: the first spoken reply took longer than the goal of ${FIRST_REPLY_S} s`);
  } catch (error) {
    fail(title, error);
  }
}

function fail(title, error) {
  failures.push(title);
  console.error(`ci: ${title}: FAILED\n${error.stack}`);
}

/** The path of a Node of that major version: this one, or npm's package of it, cached for the next run. */
async function nodeOf(version) {
  if (version === own) return process.execPath;
  const folder = join(cache, version);
  const node = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (!existsSync(node)) {
    const parts = `${folder}.${process.pid}`;
    mkdirSync(parts, { recursive: true });
    writeFileSync(join(parts, 'package.json'), '{ "private": true }');
    await npm(
      ['install', '--ignore-scripts', `node-${process.platform}-${process.arch}@${version}`],
      parts,
      process.execPath,
    );
    rmSync(folder, { recursive: true, force: true });
    renameSync(parts, folder);
  }
  return node;
}

/** The package that `npm pack` creates from this checkout. */
async function pack() {
  const [{ filename, size, unpackedSize }] = JSON.parse(
    await npm(['pack', '--json', '--pack-destination', work], root, process.execPath),
  );
  const mb = (bytes) => (bytes / 1_000_000).toFixed(0);
  console.log(`ci: the package has ${mb(size)} MB, ${mb(unpackedSize)} MB unpacked`);
  return join(work, filename);
}

/** `git clone` of this commit and `npm ci`; started with `npm start`. */
async function cloneOn(version, node) {
  const clone = join(work, `clone-${version}`);
  await run('git', ['clone', '--quiet', root, clone], { cwd: work, env: process.env });
  const installS = await timed(() => npm(['ci', '--prefer-offline'], clone, node));
  return [
    {
      title: `Node ${version}, fresh clone`,
      version,
      installS,
      node,
      cwd: clone,
      parley: [node, 'bin/parley.mjs'],
      serve: ['npm', 'start', '--'],
    },
  ];
}

/**
 * The package in an empty project: on Node 22 with and without install scripts, on the other versions alternately, to
 * save time.
 */
async function projectsOn(version, node, tarball) {
  const projects = [];
  const modes = version === '22' ? [true, false] : [version !== '24'];
  for (const scripts of modes) {
    const project = join(work, `project-${version}-${scripts ? 'scripts' : 'plain'}`);
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'robot', private: true }));
    const args = ['install', '--prefer-offline', `--ignore-scripts=${!scripts}`, tarball];
    const installS = await timed(() => npm(args, project, node));
    projects.push({
      title: `Node ${version}, package, ${scripts ? 'with' : 'without'} install scripts`,
      version,
      installS,
      node,
      cwd: project,
      parley: ['npx', 'parley'],
      // Once for each variant is enough.
      ...(version === '22' && { after: scripts ? checkEmbedding : checkLean }),
    });
  }
  return projects;
}

/**
 * docs/how-to/embed.md in that project: its program compiles with strict TypeScript, without additional types, and
 * answers.
 */
async function checkEmbedding({ node, cwd }) {
  const page = readFileSync(join(root, 'docs', 'how-to', 'embed.md'), 'utf8');
  const [, name, code] = page.match(/<!-- example: (\S+\.ts) -->\n\n```ts\n(.*?)```/s);
  writeFileSync(join(cwd, name), code);
  writeFileSync(
    join(cwd, 'testing.ts'),
    "import { Conversation, busConformance } from 'parley-voice/testing';\nconsole.log(Conversation, busConformance);\n",
  );
  const env = environment(node);
  await npm(['pkg', 'set', 'type=module'], cwd, node);
  await npm(['install', '--prefer-offline', '--save-dev', 'typescript', '@types/node@22'], cwd, node);
  const options =
    '--noEmit --strict --skipLibCheck false --module nodenext --target es2023 --types node'.split(' ');
  await run('npx', ['tsc', ...options, name, 'testing.ts'], { cwd, env });
  const program = start(node, [name], { cwd, env: { ...env, PORT: '0' } });
  try {
    const [url] = await program.line(/http:\/\/127\.0\.0\.1:\d+/);
    const { VoiceClient } = await import('../../dist/server/client/voice-client.js');
    const client = await VoiceClient.connect({ url });
    client.send({ type: 'text', text: 'hello' });
    const end = await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: 30_000 });
    assert.equal(end?.message.heard, 'You said hello, Ada.');
    await client.close();
    assert.match(program.output(), /robot: turn/);
  } finally {
    await program.stop();
  }
  console.log('ci: docs/how-to/embed.md: compiles with strict and without skipLibCheck, and runs');
}

/** docs/how-to/deploy.md: the size of a pruned project with Node, and a check that it still works. */
async function checkLean(install) {
  const { node, cwd } = install;
  await run(node, ['node_modules/parley-voice/native/prune.mjs'], { cwd, env: environment(node) });
  const megabytes = (path) => Number(execFileSync('du', ['-sm', path], { encoding: 'utf8' }).split('\t')[0]);
  const [modules, runtime] = [megabytes(join(cwd, 'node_modules')), megabytes(node)];
  const image = BASE_IMAGE_MB + modules + runtime;
  console.log(
    `ci: lean install: node_modules ${modules} MB, Node ${runtime} MB, with a base of ${BASE_IMAGE_MB} MB an image of ${image} MB`,
  );
  assert.ok(image <= IMAGE_MB, `an image of at most ${IMAGE_MB} MB`);
  await shortTest(install);
}

function npm(args, cwd, node) {
  return run('npm', args, { cwd, env: environment(node) });
}

async function timed(body) {
  const from = performance.now();
  await body();
  return (performance.now() - from) / 1_000;
}
