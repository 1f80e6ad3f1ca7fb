/** Writes the pages (HTML, CSS, scripts, audio worklets, the chart's layout) into `outDir`, which is made if it is missing. */
export function buildPages(outDir: string): Promise<void>;

/** How large the built inspector is, in bytes gzipped: what is loaded for the page, and beside it for its chart. */
export function inspectorSizes(outDir: string): Promise<{ readonly page: number; readonly chart: number }>;
