import { Command } from 'commander';
import { ParleyError } from '../../machines/errors.ts';
import { USER_ID, USER_ID_RULE } from '../../machines/user.ts';
import { userToken } from '../door/access.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags } from './config-flags.ts';

/** `parley token`: prints the token of one user, made from the server's. */
export function tokenCommand(_setExitCode: SetExitCode): Command {
  return withConfigFlags(
    new Command('token').description('print the token with which a client speaks for one user'),
    ['PARLEY_TOKEN=… parley token --user anna'],
    ['token'],
  )
    .requiredOption('--user <id>', 'whose')
    .action(async (_options, command: Command) => {
      const { user } = command.opts<{ user: string }>();
      const { token } = configOf(command).config;
      if (!USER_ID.test(user)) throw new ParleyError('CONFIG_INVALID', `--user ${USER_ID_RULE}`);
      if (token === undefined)
        throw new ParleyError('CONFIG_INVALID', 'the server has no token, so it believes any user; set one');
      print(userToken(user, token));
    });
}
