import { Command } from 'commander';
import { installedModels, removeModel, verifyModel } from '../../adapters/models/installed.ts';
import { resolveModel } from '../../adapters/models/resolve.ts';
import { ParleyError } from '../../machines/errors.ts';
import { catalogueOf } from '../models/configured.ts';
import { megabytes, pullShown, unknownModel } from '../models/pull.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags, withExamples } from './config-flags.ts';
import { checkModel, tryModel } from './models-try.ts';

/** A command of `parley models`; its help shows the keys of the models only. */
function modelCommand(name: string, description: string, examples: readonly string[]): Command {
  return withConfigFlags(new Command(name).description(description), examples, [
    'models.dir',
    'models.catalogue',
    'language',
  ]);
}

/** `parley models`: the models of local neural engines. */
export function modelsCommand(setExitCode: SetExitCode): Command {
  const command = new Command('models').description(
    'fetch, check and try the models of local neural engines',
  );
  return withExamples(command, [
    'parley models list',
    'parley models pull zipformer-en-20m piper-en',
    'parley models pull sense-voice --from /media/stick',
  ])
    .addCommand(listCommand())
    .addCommand(pullCommand())
    .addCommand(verifyCommand(setExitCode))
    .addCommand(removeCommand())
    .addCommand(pathCommand())
    .addCommand(
      tryModel(
        modelCommand('try', 'transcribe recordings with a model, or have it say a text', [
          'parley models try zipformer-en-20m hello.wav',
          'parley models try piper-en "Hello, I am a robot." --out hello.wav',
          'parley models try ./my-model hello.wav --language de',
        ]),
      ),
    )
    .addCommand(
      checkModel(
        modelCommand(
          'check',
          'does a model do its work? The embedded voice or recogniser is the other side',
          ['parley models check sense-voice'],
        ),
        setExitCode,
      ),
    );
}

function listCommand(): Command {
  return modelCommand('list', 'the models that can be fetched, and those that are here', [
    'parley models list',
    'parley models list --json',
  ])
    .option('--json', 'a line of JSON for each')
    .action(async (_options, command: Command) => {
      const { json } = command.opts<{ json?: true }>();
      const { config } = configOf(command);
      const catalogue = await catalogueOf(config);
      const here = await installedModels(config.models.dir);
      for (const { files, ...model } of catalogue) {
        const installed = here.includes(model.name);
        if (json) print(JSON.stringify({ ...model, installed }));
        else {
          const size = model.bytes === undefined ? '?' : megabytes(model.bytes);
          const facts = [model.kind, languagesOf(model.languages), size, model.licence].join(', ');
          print(
            `${installed ? '*' : ' '} ${model.name.padEnd(22)} ${facts}\n${' '.repeat(25)}${model.summary}`,
          );
        }
      }
      const own = here.filter((name) => !catalogue.some((model) => model.name === name));
      for (const name of own) print(json ? JSON.stringify({ name, installed: true }) : `* ${name}`);
      if (!json) print(`\n* is in ${config.models.dir}`);
    });
}

function languagesOf(languages: readonly string[]): string {
  return languages.length > 8
    ? `${languages.slice(0, 6).join(' ')} and ${languages.length - 6} more`
    : languages.join(' ');
}

function pullCommand(): Command {
  return modelCommand('pull', 'fetch models; an interrupted pull continues where it was', [
    'parley models pull zipformer-en-20m',
    'parley models pull kokoro --from https://mirror.example/models',
    'parley models pull kokoro --from /media/stick   # the archive under its own name',
  ])
    .argument('<names...>', 'see parley models list')
    .option('--from <folder|url>', 'where the archives are, instead of their publisher')
    .action(async (names: string[], _options, command: Command) => {
      const { from } = command.opts<{ from?: string }>();
      const { config } = configOf(command);
      const catalogue = await catalogueOf(config);
      for (const name of names) print(await pullShown(name, config, catalogue, from));
    });
}

function verifyCommand(setExitCode: SetExitCode): Command {
  return modelCommand('verify', 'compare every file of models with what their first pull found', [
    'parley models verify',
    'parley models verify zipformer-en-20m',
  ])
    .argument('[names...]', 'default: all that are here')
    .action(async (names: string[], _options, command: Command) => {
      const { models } = configOf(command).config;
      const here = await installedModels(models.dir);
      for (const name of names.length > 0 ? names : here) {
        if (!here.includes(name))
          throw new ParleyError('MODEL_MISSING', `there is no ${name} in ${models.dir}`);
        const differences = await verifyModel(name, models.dir);
        if (differences === undefined) print(`${name}: not pulled, so nothing is known of it`);
        else if (differences.length === 0) print(`${name}: ok`);
        else {
          setExitCode(1);
          print([`${name}: damaged`, ...differences.map((one) => `  ${one}`)].join('\n'));
        }
      }
    });
}

function removeCommand(): Command {
  return modelCommand('rm', 'remove models; their checksums stay, for the next pull', [
    'parley models rm kokoro',
  ])
    .argument('<names...>')
    .action(async (names: string[], _options, command: Command) => {
      const { models } = configOf(command).config;
      for (const name of names) await removeModel(name, models.dir);
    });
}

function pathCommand(): Command {
  return modelCommand('path', 'the folder of a model, or of all of them', [
    'parley models path',
    'ls $(parley models path zipformer-en-20m)',
  ])
    .argument('[name]')
    .action(async (name: string | undefined, _options, command: Command) => {
      const { config } = configOf(command);
      const { dir } = config.models;
      const catalogue = await catalogueOf(config);
      try {
        print(name === undefined ? dir : (await resolveModel(name, dir, catalogue)).dir);
      } catch (error) {
        const unknown = error instanceof ParleyError && error.code === 'MODEL_UNKNOWN';
        throw unknown && name !== undefined ? unknownModel(name, catalogue) : error;
      }
    });
}
