import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseDialog } from '../actors/dialog/mod.ts';
import { defaultParameters } from '../machines/parameters.ts';
import { main } from '../server/cli.ts';
import { describeScenario } from '../testing/eval/scenario.ts';
import { type Evaluation, evaluate, parseScenario, readScenario } from '../testing/mod.ts';
import { temporaryFolder } from './support/after-test.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'docs/how-to/test-your-robot.md');

describe('an evaluation', () => {
  it('measures spoken conversations with the real engines, and the same figures each time', {
    // A guard against a hang: how long it takes is up to the machine.
    timeout: 600_000,
  }, async () => {
    const dialog = parseDialog(await readFile(join(root, 'examples/robot.dialog.yaml'), 'utf8'), 'robot');
    const scenario = parseScenario({
      name: 'A short one',
      steps: [
        { order: 'what is your name' },
        { bargeIn: 'tell me a joke', over: 'tell me a story' },
        { noise: 'knocks', over: 'tell me a joke', ms: 500 },
        { noise: 'music', ms: 3000 },
        { quiet: 2000 },
      ],
    });
    // So short that a summary would be due: the dialog is not asked for one.
    const parameters = { ...defaultParameters, history: { ...defaultParameters.history, summaryTokens: 20 } };
    const { scenarios, all } = await evaluate([scenario, scenario], { dialog, parameters });
    expect(scenarios[1]).toEqual(scenarios[0]);
    expect(all.defects).toEqual([]);
    expect(all.understood).toEqual({ right: 4, wrong: 0, nothing: 0 });
    expect(all.yielded).toEqual({ part: 2, of: 2 });
    expect(all.noisesIgnored).toEqual({ part: 4, of: 4 });
    expect(all.tau.yielded).toEqual({ part: 2, of: 2 });
    // No word to it was in vain, and it spoke to no bystander.
    expect(all).toMatchObject({ falseStops: 0, falseTurns: 0 });
    // Virtual time: no bound on the machine.
    expect(all.response.p50Ms).toBeLessThanOrEqual(700);
    expect(all.yield.p95Ms).toBeLessThanOrEqual(300);
  });
});

describe('parley eval', () => {
  let folder: string;
  let printed: string[];
  beforeEach(async () => {
    folder = await temporaryFolder();
    printed = [];
    for (const method of ['log', 'error'] as const)
      vi.spyOn(console, method).mockImplementation((line: unknown) => void printed.push(String(line)));
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  const scenario = async (yaml: string) => {
    const path = join(folder, 'one.yaml');
    await writeFile(path, yaml);
    return path;
  };

  it('takes any key of the configuration', async () => {
    const path = await scenario('name: Deaf\nsteps: [{ order: turn left }]');
    expect(await main(['eval', '--json', '--set', 'vad.startEvidenceMs=60000', path])).toBe(0);
    const report: { all: Evaluation } = JSON.parse(printed.join(''));
    expect(report.all.understood).toEqual({ right: 0, wrong: 0, nothing: 1 });
  });

  it('says what is wrong with a call or a scenario', async () => {
    const errors = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    expect(await main(['eval'])).toBe(2);
    expect(await main(['eval', '--set', 'vad.startTreshold=1', 'a.yaml'])).toBe(2);
    expect(errors.mock.calls.join('')).toMatch(
      /no key vad\.startTreshold\. Did you mean vad\.startThreshold\?/,
    );
    errors.mockRestore();
    expect(await main(['eval', join(folder, 'none.yaml')])).toBe(1);
    expect(printed.join('\n')).toMatch(/SCENARIO_UNREADABLE/);
    expect(await main(['eval', await scenario('name: x\nsteps: [{ order: hi, db: loud }]')])).toBe(1);
    expect(printed.join('\n')).toMatch(/one\.yaml: steps\.0\.db.*[\s\S]*SCENARIO_INVALID/);
    expect(
      await main(['eval', '--engines.stt=remote', await scenario('name: x\nsteps: [{ order: hi }]')]),
    ).toBe(1);
    expect(printed.join('\n')).toMatch(/runs soundswallower, not remote[\s\S]*CONFIG_INVALID/);
  });

  it('reads the scenarios of the repository, and docs/how-to/test-your-robot.md has their keys', async () => {
    for (const name of ['orders', 'barge-ins', 'listening', 'stop', 'echo-20', 'echo-10', 'echo-0', 'day'])
      expect((await readScenario(join(root, `examples/eval/${name}.yaml`))).steps.length).toBeGreaterThan(3);
    const text = await readFile(page, 'utf8');
    const between = /(<!-- keys: made from the schema -->\n\n)[\s\S]*?(\n<!-- end of keys -->)/u;
    expect(text).toMatch(between);
    await expect(
      text.replace(between, (_, head, tail) => head + describeScenario() + tail),
    ).toMatchFileSnapshot(page);
  });
});
