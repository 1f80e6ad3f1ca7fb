import { Command } from 'commander';
import { loadSqlite } from '../../adapters/store/sqlite-binding.ts';
import type { SetExitCode } from './config-flags.ts';

/** `parley prepare`: bin/parley.mjs compiles and builds what is missing before any command; this one does nothing more. */
export function prepareCommand(_setExitCode: SetExitCode): Command {
  return new Command('prepare')
    .description('build what this Node needs (SQLite on Node 20), and check that it loads')
    .action(() => {
      loadSqlite();
      console.log('ready');
    });
}
