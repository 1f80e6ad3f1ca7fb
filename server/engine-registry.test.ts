import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseDialog } from '../actors/dialog/mod.ts';
import { inProcessBus } from '../adapters/bus/in-process.ts';
import { writeSttModel } from '../testing/models/stt-models.ts';
import { describeEngines } from './config/describe.ts';
import { loadConfig } from './config/load.ts';
import { ENGINE_KINDS, ENGINES, enginesOf } from './engine-registry.ts';
import { makeEngine } from './engines.ts';

const page = fileURLToPath(new URL('../docs/reference/engines.md', import.meta.url));
const dialogFile = fileURLToPath(new URL('../examples/robot.dialog.yaml', import.meta.url));

describe('the registry of engines', () => {
  it('has a unique name for each engine of a kind', () => {
    for (const kind of ENGINE_KINDS) {
      const names = enginesOf(kind).map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(enginesOf(kind).every((engine) => engine.kind === kind)).toBe(true);
    }
  });

  it('declares partial transcripts only for recognisers that report them', async () => {
    const bus = inProcessBus();
    const dialog = parseDialog(await readFile(dialogFile, 'utf8'), 'robot.dialog.yaml');
    const folder = await mkdtemp(join(tmpdir(), 'parley-registry-'));
    const model = writeSttModel('zipformer2-ctc', join(folder, 'model'));
    const config = loadConfig({ env: { OPENAI_API_KEY: 'sk-1', PARLEY_STT_SHERPA_MODEL: model } });
    for (const { name, can } of ENGINES.stt) {
      const engine = await makeEngine('stt', name, config, dialog, { bus });
      expect([name, engine.tellsPartials === true]).toEqual([name, can.partials]);
      await engine.close();
    }
    await bus.drain();
    await rm(folder, { recursive: true });
  });

  it('matches docs/reference/engines.md', async () => {
    const text = await readFile(page, 'utf8');
    const between = /(<!-- engines: made from the registry -->\n\n)[\s\S]*?(\n<!-- end of engines -->)/u;
    expect(text).toMatch(between);
    await expect(
      text.replace(between, (_, head, tail) => head + describeEngines() + tail),
    ).toMatchFileSnapshot(page);
  });
});
