/** Close functions, in the order in which their parts were made. */
export type Closers = (() => Promise<void>)[];

/** Closes all, in reverse order. */
export async function closeAll(closers: Closers): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}
