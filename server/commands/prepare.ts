import { Command } from 'commander';
import { loadSqlite } from '../../adapters/store/sqlite-binding.ts';
import { print } from '../terminal.ts';
import type { SetExitCode } from './config-flags.ts';

/**
 * `parley prepare`: does nothing itself, because bin/parley.mjs compiles and builds missing parts before any command.
 */
export function prepareCommand(_setExitCode: SetExitCode): Command {
  return new Command('prepare')
    .description('build what this Node needs (SQLite on Node 20), and check that it loads')
    .action(() => {
      loadSqlite();
      print('ready');
    });
}
