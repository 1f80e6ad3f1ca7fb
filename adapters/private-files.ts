import { chmod, stat } from 'node:fs/promises';

/** Rights of what Parley writes about conversations: nobody but the user that runs it may read them. */
export const PRIVATE_FILE = 0o600;
export const PRIVATE_DIRECTORY = 0o700;

/** Rights of the group and of everybody else. */
const OTHERS = 0o077;

/** Takes the rights that others have on `path`, file or directory. Rejects as `chmod` does, and if there is nothing there. */
export async function makePrivate(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & OTHERS) !== 0) await chmod(path, mode & 0o7777 & ~OTHERS);
}
