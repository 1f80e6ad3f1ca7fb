/** Close functions, in the order in which their parts were made. */
export type Closers = (() => Promise<void>)[];

/** Closes all, in reverse order. One that fails keeps no other open: rejects at the end with the first error. */
export async function closeAll(closers: Closers): Promise<void> {
  const errors: unknown[] = [];
  for (const close of closers.splice(0).reverse())
    await close().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}
