/** Writes the pages (HTML, CSS, scripts, audio worklets) into `outDir`, which is made if it is missing. */
export function buildPages(outDir: string): Promise<void>;
