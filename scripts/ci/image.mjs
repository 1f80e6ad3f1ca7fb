// Carries out the Dockerfile without a container engine: its files and RUN steps in a plain folder, the size of the image, and
// its command with its health check. Takes two minutes.
//
//   node scripts/ci/image.mjs
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, matchesGlob } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment, run, start } from './processes.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Goal for the image, and the part of distroless/cc-debian12, in MB. */
const IMAGE_MB = 400;
const BASE_IMAGE_MB = 25;

const work = mkdtempSync(join(tmpdir(), 'parley-image-'));
try {
  await build();
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function build() {
  const [building, running] = stagesOf(readFileSync(join(root, 'Dockerfile'), 'utf8'));
  for (const folder of ['parley', 'tmp', 'robot']) mkdirSync(join(work, folder));
  let cwd = work;
  for (const [step, text] of building) {
    if (step === 'WORKDIR') cwd = inside(text);
    else if (step === 'COPY') for (const file of context()) copy(file, cwd);
    else if (step === 'RUN') {
      console.log(`ci: image: RUN ${text}`);
      const env = { ...environment(process.execPath), npm_config_prefer_offline: 'true' };
      await run('sh', ['-c', text.replaceAll(/(?<![\w./])\/(tmp|data|robot|parley)\b/gu, join(work, '$1'))], {
        cwd,
        env,
      });
    }
  }
  const megabytes = (path) => Number(execFileSync('du', ['-sm', path], { encoding: 'utf8' }).split('\t')[0]);
  const [robot, node] = [megabytes(join(work, 'robot')), megabytes(process.execPath)];
  const image = BASE_IMAGE_MB + robot + node;
  console.log(`ci: image: /robot ${robot} MB, Node ${node} MB, base ${BASE_IMAGE_MB} MB: ${image} MB`);
  assert.ok(image < IMAGE_MB, `an image of less than ${IMAGE_MB} MB`);

  const of = (name) => running.find(([step]) => step === name)?.[1] ?? '';
  assert.equal(of('USER'), 'nonroot');
  const [, ...command] = [...JSON.parse(of('ENTRYPOINT')), ...JSON.parse(of('CMD'))];
  const [, ...health] = JSON.parse(of('HEALTHCHECK').replace(/^.*?CMD /u, ''));
  const server = start(process.execPath, [...command, '--port', '0'], {
    cwd: join(work, 'robot'),
    env: { ...environment(process.execPath), PARLEY_DATA_DIR: join(work, 'data'), PARLEY_HOST: '127.0.0.1' },
  });
  try {
    const [, port] = await server.line(/http:\/\/127\.0\.0\.1:(\d+)/u);
    await server.line(/listens on/u);
    const check = health.map((word) => word.replace(':7400', `:${port}`));
    await run(process.execPath, check, { cwd: work, env: environment(process.execPath) });
    console.log('ci: image: the command listens, and the health check succeeds');
  } finally {
    await server.stop();
  }
}

/** The steps of each stage, continued lines joined. */
function stagesOf(dockerfile) {
  const stages = [];
  for (const line of dockerfile
    .replaceAll(/^#.*\n/gmu, '')
    .replaceAll(/\\\n/gu, ' ')
    .split('\n')) {
    const [, step, text] = line.match(/^([A-Z]+) +(.*)$/u) ?? [];
    if (step === 'FROM') stages.push([]);
    else if (step) stages.at(-1).push([step, text]);
  }
  assert.equal(stages.length, 2);
  return stages;
}

function inside(path) {
  return join(work, path);
}

/** Files of the commit that .dockerignore lets into the image. */
function context() {
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').filter(Boolean);
  const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
  return files.filter(
    (file) => !ignored.some((one) => matchesGlob(file, one) || matchesGlob(file, `${one}/**`)),
  );
}

function copy(file, to) {
  mkdirSync(dirname(join(to, file)), { recursive: true });
  cpSync(join(root, file), join(to, file));
}
