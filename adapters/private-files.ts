import { chmod, stat } from 'node:fs/promises';

/** Permissions of files about conversations: only the user that runs Parley may read them. */
export const PRIVATE_FILE = 0o600;
export const PRIVATE_DIRECTORY = 0o700;

/** Permission bits of the group and of others. */
const OTHERS = 0o077;

/** Removes the permissions of group and others from the file or directory `path`. Rejects like `chmod`. */
export async function makePrivate(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & OTHERS) !== 0) await chmod(path, mode & 0o7777 & ~OTHERS);
}
