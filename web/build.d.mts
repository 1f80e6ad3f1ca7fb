/** Writes the pages (HTML, CSS, scripts, audio worklets) into `outDir`, which is made if it is missing. */
export function buildPages(outDir: string): Promise<void>;

/** How large the built inspector is: bytes of what the page loads, gzipped. */
export function inspectorSize(outDir: string): Promise<number>;
